/* sqlite_file.h: the SQLite file: made, opened with our settings, migrated. For this room alone. */
#ifndef STORE_SQLITE_FILE_H
#define STORE_SQLITE_FILE_H

#include <sqlite3.h>

#include "base/base.h"

enum file_use { FILE_READER, FILE_WRITER };

/* NULL on failure; why says the reason. */
sqlite3 *sqlite_file_open(const char *path, enum file_use use, char *why, size_t size) MUST_USE;
/* Makes the file (mode 0600) and its folder when missing, brings the schema up to date and gives
 * the connection that will be the writer. */
enum err sqlite_file_ready(const char *path, sqlite3 **writer, char *message, size_t size) MUST_USE;

#endif
