/* commits.c: single-row durable commits a second on one SQLite file (WAL, FULL). commits FILE SECONDS */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	sqlite3 *db;
	sqlite3_stmt *insert;
	long count = 0;

	if (argc != 3 || sqlite3_open(argv[1], &db) != SQLITE_OK ||
	    sqlite3_exec(db,
			 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id INTEGER "
			 "PRIMARY KEY, v TEXT)",
			 NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "INSERT INTO t (v) VALUES ('a row of about the length that an event has')",
			       -1, &insert, NULL) != SQLITE_OK)
		return 1;
	time_t end = time(NULL) + strtol(argv[2], NULL, 10);
	while (time(NULL) < end) {
		if (sqlite3_step(insert) != SQLITE_DONE)
			return 1;
		(void)sqlite3_reset(insert);
		count++;
	}
	printf("%.1f\n", (double)count / (double)strtol(argv[2], NULL, 10));
	sqlite3_finalize(insert);
	return sqlite3_close(db) != SQLITE_OK;
}
