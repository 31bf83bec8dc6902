/* apply.c: lanyard apply, diff and export. */
#include "base/base.h"

#include "admin/apply.h"
#include "admin/command.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "store/snapshot.h"

static void release_json(void *thing)
{
	json_decref(thing);
}

static enum err plan_of(struct work *work, const json_t *arguments, struct plan *out)
{
	const char *text = arg(arguments, "text");
	struct apply_document document;
	json_t *picture = NULL;
	bool prune = arg_is(arguments, "prune");
	const struct plan_how how = { .prune = prune, .prune_practices = prune && arg_is(arguments, "yes") };

	if (!text)
		return fault(work, ERR_PARAMETER_MALFORMED, "-f FILE is missing");
	TRY(apply_read(work, arg(arguments, "file"), text, strlen(text), &document));
	TRY(apply_files(work, &document, json_object_get(arguments, "files")));
	TRY(picture_take(work, true, &picture));
	arena_defer(work->arena, release_json, picture);
	return apply_plan(work, &document, picture, &how, out);
}

static enum err named(struct work *work, const json_t *arguments, enum err err)
{
	const char *file = arg(arguments, "file");

	if (err != ERR_DOCUMENT || work->err != err)
		return err;
	return fault(work, err, "%s%s%s", file ? file : "", file ? ": " : "", work->reason);
}

static enum err difference(struct work *work, const json_t *arguments, json_t **result, const char **message,
			   int *code)
{
	struct plan plan;

	TRY(named(work, arguments, plan_of(work, arguments, &plan)));
	*result = plan_describe(&plan);
	*code = plan.count ? EXIT_DIFFERENT : EXIT_OK;
	*message = plan.count ? arena_print(work->arena, "%zu to change.", plan.count) : "Nothing to change.";
	return OK;
}

/* What was carried out before the failure stays, and is said. */
static enum err carry_out(struct work *work, const struct plan *plan)
{
	size_t done = 0;
	enum err err = apply_run(work, plan, &done);

	if (err == OK)
		return OK;
	const struct step *step = &plan->steps[done];
	const char *reason = work->err == err && work->reason ? work->reason : error_row(err)->text;

	return fault(work, err, "%s%s: %s (%zu of %zu changes were made; this %s is as it was)",
		     step->practice ? "practice " : "", step->practice ? step->practice : step->id, reason,
		     done, plan->count, step->practice ? "practice" : "group");
}

static enum err apply(struct work *work, const json_t *arguments, json_t **result, const char **message,
		      int *code)
{
	struct plan plan;

	if (arg_is(arguments, "dry-run"))
		return difference(work, arguments, result, message, code);
	TRY(named(work, arguments, plan_of(work, arguments, &plan)));
	TRY(named(work, arguments, carry_out(work, &plan)));
	*result = plan_describe(&plan);
	*message = plan.count ? arena_print(work->arena, "%zu changed.", plan.count) : "Nothing to change.";
	return OK;
}

static enum err export(struct work *work, const json_t *arguments, json_t **result, const char **message,
		       int *code) {
	(void)message, (void)code; return picture_take(work, arg_is(arguments, "with-hashes"), result);
}

/* clang-format off */
const struct command apply_commands[] = {
	{ "apply", NULL, "apply -f FILE [--dry-run] [--prune]", "make practices, staff, roles and apps as a document declares them",
	  "lanyard apply -f docs/examples/demo.yaml --prune --dry-run  # exits 6\nlanyard apply -f docs/examples/demo.yaml --prune\n"
	  "lanyard apply -f docs/examples/demo.yaml\n",
	  (const char *const[]){ NULL }, (const char *const[]){ "file=@", "dry-run", "prune", NULL }, apply, NULL },
	{ "diff", NULL, "diff -f FILE [--prune]", "what apply would change", "lanyard diff -f docs/examples/demo.yaml\n",
	  (const char *const[]){ NULL }, (const char *const[]){ "file=@", "prune", NULL }, difference, NULL },
	{ "export", NULL, "export [--with-hashes]", "write everything as a document for apply, without secrets", "lanyard export\nlanyard export -o json\n",
	  (const char *const[]){ NULL }, (const char *const[]){ "with-hashes", NULL }, export, "yaml" },
	{ .noun = NULL },
};
/* clang-format on */
