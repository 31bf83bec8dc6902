/* serve.h: the commands that are the server itself: serve, init, migrate, routes, version, config. */
#ifndef IDP_SERVE_H
#define IDP_SERVE_H

int serve_main(int argc, char **argv, const char *config_file);
int init_main(int argc, char **argv, const char *config_file);
int migrate_main(int argc, char **argv, const char *config_file);

#endif
