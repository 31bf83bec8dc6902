/* role_templates.c: built-in roles and the sets a practice starts with. Their names follow the order of
 * everyday rank, which is also the order in which roles are listed. */
#include "base/base.h"

#include "base/text.h"
#include "people/role.h"
#include "people/role_templates.h"

#define EVERYTHING  "[\"read\",\"create\",\"edit\",\"delete\",\"export\"]"
#define WRITING     "[\"read\",\"create\",\"edit\"]"
#define SEEING      "[\"read\"]"
#define ON_ASSIGNED "[{\"read\":\"assigned\"},{\"create\":\"assigned\"},{\"edit\":\"assigned\"}]"

static const struct role_template owner = { "owner", "Owner/Admin", false, "{\"*\":" EVERYTHING "}" };

static const struct role_template practice_administrator = {
	"practice-administrator", "Practice Administrator", false,
	"{\"staff\":" WRITING ",\"security_activity\":" WRITING ",\"roles\":" SEEING ",\"locations\":" SEEING
	",\"settings\":" SEEING ",\"audit\":[\"read\",\"export\"]}"
};

/* Not: delete staff, change roles. */
static const struct role_template manager = { "manager", "Manager", false,
					      "{\"patients\":" EVERYTHING ",\"contact_info\":" EVERYTHING
					      ",\"check_in\":" WRITING ",\"appointments\":" EVERYTHING
					      ",\"scheduling\":" EVERYTHING ",\"payments\":" EVERYTHING
					      ",\"time_tracking\":" EVERYTHING ",\"tasks\":" EVERYTHING
					      ",\"reports\":[\"read\",\"export\"],\"staff\":" WRITING
					      ",\"roles\":" SEEING ",\"locations\":" SEEING "}" };

/* Other providers' patients only where they are shared: "assigned" covers both. */
static const struct role_template provider = {
	"provider", "Provider", false,
	"{\"patients\":[{\"read\":\"assigned\"},{\"edit\":\"assigned\"}],\"contact_info\":[{\"read\":"
	"\"assigned\"}],"
	"\"appointments\":" ON_ASSIGNED ",\"scheduling\":" SEEING
	",\"notes\":[{\"read\":\"assigned\"},{\"create\":\"assigned\"},"
	"{\"edit\":\"own\"}],\"records\":" ON_ASSIGNED ",\"tasks\":[{\"read\":\"own\"},{\"edit\":\"own\"}]}"
};

/* Not: medical records, billing, changing or deleting patient data. */
static const struct role_template front_desk = { "front-desk", "Front Desk", false,
						 "{\"patients\":" SEEING ",\"contact_info\":" WRITING
						 ",\"check_in\":" WRITING ",\"appointments\":" WRITING
						 ",\"scheduling\":" WRITING
						 ",\"tasks\":[{\"read\":\"own\"},{\"edit\":\"own\"}]}" };

static const struct role_template billing = { "billing", "Billing", false,
					      "{\"patients\":" SEEING ",\"contact_info\":" SEEING
					      ",\"billing\":" WRITING ",\"charges\":" WRITING
					      ",\"payments\":" WRITING
					      ",\"billing_reports\":[\"read\",\"export\"]}" };

static const struct role_template inventory = { "inventory", "Inventory", false,
						"{\"products\":" EVERYTHING ",\"orders\":" EVERYTHING
						",\"stock\":" EVERYTHING "}" };

static const struct role_template call_operator = {
	"call-operator", "Call Operator", false,
	"{\"calls\":" WRITING ",\"transcriptions\":" WRITING
	",\"tasks\":[{\"read\":\"assigned\"},{\"edit\":\"assigned\"}]}"
};

/* Ticked beside another role, usually provider. */
static const struct role_template assigned_biller = { "assigned-biller", "Biller for Assigned Patients Only",
						      true,
						      "{\"billing\":" ON_ASSIGNED ",\"charges\":" ON_ASSIGNED
						      ",\"payments\":[{\"read\":\"assigned\"}]}" };

static const struct role_template admin = { "admin", "Admin", false, "{\"*\":" EVERYTHING "}" };

static const struct role_template employee = { "employee", "Employee", false,
					       "{\"patients\":" SEEING ",\"contact_info\":" SEEING
					       ",\"appointments\":" WRITING ",\"scheduling\":" SEEING
					       ",\"check_in\":" WRITING
					       ",\"tasks\":[{\"read\":\"own\"},{\"edit\":\"own\"}],\"time_"
					       "tracking\":[{\"read\":\"own\"},{\"create\":\"own\"}]}" };

static const struct role_template *const all[] = {
	&owner,   &admin,     &practice_administrator, &manager,         &provider, &front_desk,
	&billing, &inventory, &call_operator,          &assigned_biller, &employee, NULL,
};
static const struct role_template *const small[] = {
	&owner, &practice_administrator, &provider, &front_desk, &billing, &assigned_biller, NULL,
};
static const struct role_template *const medium[] = {
	&owner,     &practice_administrator, &manager,         &provider, &front_desk, &billing,
	&inventory, &call_operator,          &assigned_biller, NULL,
};
static const struct role_template *const three_role[] = { &admin, &manager, &employee, NULL };

/* multi-location has the roles of medium: there a manager is assigned to single locations. */
static const struct {
	const char *name;
	const struct role_template *const *roles;
} templates[] = {
	{ "small", small },
	{ "medium", medium },
	{ "multi-location", medium },
	{ "three-role", three_role },
};

const struct role_template *const *role_templates(const char *template_name)
{
	for (size_t i = 0; i < COUNT(templates); i++)
		if (text_equal(templates[i].name, template_name))
			return templates[i].roles;
	return NULL;
}

size_t role_rank(const char *id)
{
	size_t rank = 0;

	while (all[rank] && !text_equal(all[rank]->id, id))
		rank++;
	return rank;
}

bool role_is_built_in(const char *id)
{
	return all[role_rank(id)] != NULL;
}
