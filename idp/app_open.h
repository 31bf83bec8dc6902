/* app_open.h: everything a piece of work stands on, opened in order and closed in reverse: store, vault,
 * snapshot, keys, password gate, fetcher. What serves (lanes, listeners, jobs) is serve.c's. */
#ifndef IDP_APP_OPEN_H
#define IDP_APP_OPEN_H

#include "base/app.h"

struct config;

/* On failure *message says what and what to do; nothing stays open. */
enum err app_open(const struct config *config, struct app *app, char *message, size_t message_size) MUST_USE;
void app_close(struct app *app);

/* Reads the settings: file NULL means lanyard.yaml here when there is one, else defaults. Prints what is
 * wrong to stderr and answers NULL. */
const struct config *app_config(struct arena *arena, const char *file);

#endif
