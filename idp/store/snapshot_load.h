/* snapshot_load.h: reads the whole picture into the work's arena. For snapshot.c alone. */
#ifndef STORE_SNAPSHOT_LOAD_H
#define STORE_SNAPSHOT_LOAD_H

#include "base/base.h"

struct work;
struct snapshot;

/* Leaves work->practice anywhere. Everything but the version is set. */
enum err snapshot_load(struct work *work, struct snapshot *out) MUST_USE;

#endif
