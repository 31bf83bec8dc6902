/* pages.c: what people see. Everything that came from outside goes through html(). */
#include <stdlib.h>
#include <string.h>

#include "relying.h"

const char style_sheet[] = "body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem "
			   "auto;padding:0 1rem;color:#1d2733}"
			   "a{color:#0b5cad}table{border-collapse:collapse}td,th{padding:.25rem "
			   ".75rem;border:1px solid #c5ced8;text-align:left}"
			   "nav a{margin-right:1rem}pre{background:#f2f5f8;padding:1rem;overflow:auto}\n";

/* clang-format off */
/* What the app can show: made up, and enough to see the walls. */
static const struct {
	const char *practice, *location, *at, *patient, *charge;
} visits[] = {
	{ "northside", "main", "09:00", "Patient N-1041", "120.00" },
	{ "northside", "main", "09:30", "Patient N-1077", "85.00" },
	{ "northside", "west", "10:15", "Patient N-2003", "240.00" },
	{ "riverside", "downtown", "08:45", "Patient R-0310", "99.00" },
	{ "riverside", "harbor", "11:00", "Patient R-0552", "150.00" },
};

/* What each role may do with money at a location where it is held. It follows the meaning of the
 * built-in roles: no row, no access; a custom role gets a row when the practice asks for it. */
static const struct {
	const char *role, *reach;
} billing_roles[] = {
	{ "owner", "bills and payments of all patients" },
	{ "billing", "bills and payments of all patients" },
	{ "manager", "payments, without the bills behind them" },
	{ "assigned-biller", "bills of assigned patients only" },
};
/* clang-format on */

static void html(FILE *page, const char *text)
{
	for (; *text; text++) {
		/* clang-format off */
		switch (*text) {
		case '&': fputs("&amp;", page); break;
		case '<': fputs("&lt;", page); break;
		case '>': fputs("&gt;", page); break;
		case '"': fputs("&quot;", page); break;
		case '\'': fputs("&#39;", page); break;
		default: fputc(*text, page);
		}
		/* clang-format on */
	}
}

/* Writes the pattern with each % replaced by the next text, escaped. */
static void put(FILE *page, const char *pattern, const char *first, const char *second)
{
	const char *next = first;

	for (; *pattern; pattern++) {
		if (*pattern != '%') {
			fputc(*pattern, page);
			continue;
		}
		html(page, next);
		next = second;
	}
}

void page_head(FILE *page, const char *title)
{
	put(page,
	    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>%</title>"
	    "<link rel=\"stylesheet\" href=\"/style.css\"></head><body>\n",
	    title, "");
}

void page_problem(FILE *page, const char *what, const char *next_step)
{
	put(page, "<h1>Not possible</h1>\n<p id=\"problem\">%.</p>\n<p>%</p>\n", what, next_step);
	fputs("<p><a href=\"/\">Back to the start</a></p>\n", page);
}

static void list_roles(FILE *page, const json_t *roles)
{
	size_t at;
	json_t *role;

	json_array_foreach ((json_t *)(uintptr_t)roles, at, role) {
		put(page, at ? ", %" : "%", json_string_value(role) ? json_string_value(role) : "?", "");
	}
}

static void list_places(FILE *page, const json_t *claims)
{
	size_t at;
	json_t *place;

	fputs("<h2>Where</h2>\n<ul id=\"locations\">\n", page);
	json_array_foreach (json_object_get(json_object_get(claims, "clinic"), "locations"), at, place) {
		const char *id = text_of(place, "id");
		put(page, "<li data-location=\"%\"><a href=\"/location/%\">", id, id);
		put(page, "%</a>: ", *text_of(place, "name") ? text_of(place, "name") : id, "");
		list_roles(page, json_object_get(place, "roles"));
		fputs("</li>\n", page);
	}
	fputs("</ul>\n", page);
}

static void list_everywhere(FILE *page, const json_t *claims)
{
	size_t at;
	json_t *role;

	fputs("<h2>Roles held at every location</h2>\n<ul id=\"roles\">\n", page);
	json_array_foreach (json_object_get(claims, "roles"), at, role) {
		const char *id = json_string_value(role) ? json_string_value(role) : "?";
		put(page, "<li data-role=\"%\">%</li>\n", id, id);
	}
	fputs("</ul>\n", page);
}

static const char *name_of(const struct visitor *visitor)
{
	const char *name = text_of(visitor->person, "name");

	if (!*name)
		name = text_of(visitor->person, "email");
	return *name ? name : text_of(visitor->claims, "sub");
}

void page_home(FILE *page, const struct demo *demo, const struct visitor *visitor)
{
	if (!visitor || !visitor->claims) {
		put(page,
		    "<h1>Demo clinic app</h1>\n<p>People of a practice sign in at <code>%</code>.</p>\n"
		    "<p><a id=\"sign-in\" href=\"/sign-in\">Sign in</a></p>\n",
		    demo->settings.issuer, "");
		return;
	}
	const json_t *practice = json_object_get(json_object_get(visitor->claims, "clinic"), "practice");
	const char *tenant = text_of(visitor->claims, "tenant");
	char *claims = json_dumps(visitor->claims, JSON_INDENT(2));

	put(page, "<h1 id=\"who\">%</h1>\n<p id=\"email\">%</p>\n", name_of(visitor),
	    text_of(visitor->person, "email"));
	put(page, "<p>Practice: <strong id=\"practice\" data-practice=\"%\">%</strong></p>\n", tenant,
	    *text_of(practice, "name") ? text_of(practice, "name") : tenant);
	list_places(page, visitor->claims);
	list_everywhere(page, visitor->claims);
	put(page,
	    "<nav><a href=\"/billing\">Billing</a><a href=\"/practice/%\">The practice</a>"
	    "<a href=\"/refresh\">Refresh</a><a id=\"sign-out\" href=\"/sign-out?leave=%\">Sign "
	    "out</a></nav>\n",
	    tenant, visitor->leave);
	put(page, "<details><summary>What the ID token says</summary><pre id=\"claims\">%</pre></details>\n",
	    claims ? claims : "", "");
	free(claims);
}

/* What this role allows with money, or NULL. */
static const char *billing_reach(const char *role)
{
	for (size_t i = 0; i < sizeof billing_roles / sizeof billing_roles[0]; i++) {
		if (!strcmp(billing_roles[i].role, role))
			return billing_roles[i].reach;
	}
	return NULL;
}

/* Billing at one place: the role decides there and nowhere else. */
static const char *bills_at(const json_t *place, const char **role)
{
	size_t at;
	json_t *held;

	json_array_foreach (json_object_get(place, "roles"), at, held) {
		*role = json_string_value(held) ? json_string_value(held) : "";
		if (billing_reach(*role))
			return billing_reach(*role);
	}
	return NULL;
}

bool may_bill_somewhere(const json_t *claims)
{
	size_t at;
	json_t *place;
	const char *role;

	json_array_foreach (json_object_get(json_object_get(claims, "clinic"), "locations"), at, place) {
		if (bills_at(place, &role))
			return true;
	}
	return false;
}

static void list_charges(FILE *page, const char *practice, const char *location)
{
	for (size_t i = 0; i < sizeof visits / sizeof visits[0]; i++) {
		if (strcmp(visits[i].practice, practice) || strcmp(visits[i].location, location))
			continue;
		put(page, "<br>%: $%", visits[i].patient, visits[i].charge);
	}
}

void page_billing(FILE *page, const json_t *claims)
{
	size_t at;
	json_t *place;
	const char *role;

	fputs("<h1>Billing</h1>\n<p id=\"rule\">Who may see what is decided per location, from the roles "
	      "held there:</p>\n<ul>\n",
	      page);
	for (size_t i = 0; i < sizeof billing_roles / sizeof billing_roles[0]; i++)
		put(page, "<li><code>%</code>: %</li>\n", billing_roles[i].role, billing_roles[i].reach);
	fputs("</ul>\n<table id=\"billing\">\n", page);
	json_array_foreach (json_object_get(json_object_get(claims, "clinic"), "locations"), at, place) {
		const char *reach = bills_at(place, &role), *id = text_of(place, "id");
		put(page, "<tr data-location=\"%\"><th>%</th><td>", id, id);
		put(page, reach ? "% (as %)" : "nothing", reach ? reach : "", reach ? role : "");
		/* The made-up data knows no assigned patients, so only a full reach shows lines. */
		if (reach && strstr(reach, "all patients"))
			list_charges(page, text_of(claims, "tenant"), id);
		fputs("</td></tr>\n", page);
	}
	fputs("</table>\n<p><a href=\"/\">Back to the start</a></p>\n", page);
}

json_t *appointments_of(const char *practice, const json_t *claims, const char *location)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof visits / sizeof visits[0]; i++) {
		const char *here = visits[i].location;
		if (strcmp(visits[i].practice, practice) || !roles_at(claims, here) ||
		    (*location && strcmp(location, here)))
			continue;
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "location", here, "at", visits[i].at,
						      "patient", visits[i].patient));
	}
	return list;
}

void page_place(FILE *page, const json_t *claims, const char *location)
{
	size_t at;
	json_t *visit;
	json_t *list = appointments_of(text_of(claims, "tenant"), claims, location);

	put(page, "<h1 id=\"location\" data-location=\"%\">Location %</h1>\n<p>Here you are: ", location,
	    location);
	list_roles(page, roles_at(claims, location));
	fputs("</p>\n<h2>Appointments today</h2>\n<ul id=\"appointments\">\n", page);
	json_array_foreach (list, at, visit) {
		put(page, "<li>% %</li>\n", text_of(visit, "at"), text_of(visit, "patient"));
	}
	fputs("</ul>\n<p><a href=\"/\">Back to the start</a></p>\n", page);
	json_decref(list);
}

void page_practice(FILE *page, const json_t *claims)
{
	const json_t *practice = json_object_get(json_object_get(claims, "clinic"), "practice");

	put(page, "<h1 id=\"practice-page\" data-practice=\"%\">%</h1>\n", text_of(claims, "tenant"),
	    text_of(practice, "name"));
	fputs("<p>Only people of this practice see this page.</p>\n<p><a href=\"/\">Back to the "
	      "start</a></p>\n",
	      page);
}
