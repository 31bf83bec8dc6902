/* config_reading.h: a configuration while it is read; between config.c and config_derive.c alone. */
#ifndef BASE_CONFIG_READING_H
#define BASE_CONFIG_READING_H

#include "base/base.h"

struct config_reading {
	struct arena *arena;
	struct config *config;
	const char **origins; /* by row: setting_default, "lanyard.yaml:7", "LANYARD_ISSUER" */
	const char *file;
	struct yaml_document *documents;
	const char *message; /* the first complaint */
};

/* The origin of a value that nobody gave: compared as a pointer. */
extern const char setting_default[];

/* Notes the complaint about what came from there; false, so that a reader can return it. */
bool config_refuse(struct config_reading *r, const char *origin, const char *format, ...) PRINTF(3, 4);
/* Completes the configuration, or refuses what does not go together. */
bool config_derive(struct config_reading *r);

#endif
