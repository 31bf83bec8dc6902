/* attributes_reference.c: the reference page of attributes, written from the rows (attributes.h). */
#include "saml/attributes.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "saml/attribute_rows.h"

enum { PAGE_MAX = 64 * 1024 };

static const char head[] =
	"# What SAML assertions say\n\n"
	"The same facts as in tokens ([claims.md](claims.md)), from the same builder, under the names that "
	"an app\n"
	"wants. What has no value is not said. An app without `attributes` gets preset `clinic`. Lines are "
	"taken in\n"
	"their order, and of two with one name the first counts:\n\n"
	"```yaml\n"
	"attributes:\n"
	"  - preset: flat\n"
	"  - { claim: npi, name: \"urn:example:npi\", format: uri, friendly_name: npi }\n"
	"```\n\n"
	"`format` is `basic`, `uri` or `unspecified`; without one it is `uri` for a name with a colon, else "
	"`basic`.\n"
	"Several values are several `AttributeValue` elements. Characters that XML 1.0 cannot carry arrive "
	"as U+FFFD.\n"
	"With an active location `roles` are that location's; without one, those held at every location.\n";

static const char xua[] =
	"\nPreset `xua` is for IHE XUA (ITI TF-2 3.40.4.1.2). `Role` and `PurposeOfUse` are elements of HL7 "
	"V3 with\n"
	"`xsi:type=\"CE\"`:\n\n"
	"- A role of the practice has its id as `code`, its name as `displayName` and\n"
	"  `codeSystemName=\"" ROLES_NAME
	"\"`. It has no `codeSystem`: practices add roles of their own, and no object\n"
	"  identifier is registered for them. Taxonomy codes of the person follow, with\n"
	"  `codeSystem=\"" NUCC_OID "\"` (" NUCC_NAME ").\n"
	"- The purpose follows from the roles, by the first row of the table below that fits; a custom role "
	"counts as\n"
	"  what it inherits from; whoever has none of them has `" PURPOSE_OF_OTHERS
	"`. An app that wants one purpose for\n"
	"  everybody says so: `{ preset: xua, purpose_of_use: TREATMENT }`.\n"
	"- `organization-id` is the practice's own URI when there is one, else `" PRACTICE_PREFIX
	"` and its id.\n"
	"- Not said: licences (`provider-identifier`), patient and consent context, home community.\n";

static void print_presets(struct buf *page)
{
	for (const char *const *preset = attribute_presets; *preset; preset++) {
		buf_print(page,
			  "\n## Preset %s\n| name | friendly name | format | value |\n|---|---|---|---|\n",
			  *preset);
		for (const struct attribute_row *row = attribute_rows; row->preset; row++)
			if (text_equal(row->preset, *preset))
				buf_print(page, "| `%s` | %s | %s | `%s` |\n", row->name,
					  row->friendly_name ? row->friendly_name : "",
					  row->format + strlen(FORMAT_PREFIX), row->claim);
	}
	buf_text(page, xua);
}

static void print_purposes(struct buf *page)
{
	buf_text(page, "\n| role | purpose of use |\n|---|---|\n");
	for (const struct role_purpose *row = role_purposes; row->role; row++)
		buf_print(page, "| `%s` | `%s` |\n", row->role, row->code);
	buf_text(page,
		 "\n| `purpose_of_use` | displayName | codeSystem | codeSystemName |\n|---|---|---|---|\n");
	for (const struct purpose *row = purposes; row->code; row++)
		buf_print(page, "| `%s` | %s | %s | %s |\n", row->code, row->display_name, row->code_system,
			  row->code_system_name);
}

static void print_claims(struct buf *page)
{
	buf_text(page, "\n## Values that a line can name\n| claim | what it is |\n|---|---|\n");
	for (const struct attribute_claim *claim = attribute_claims; claim->name; claim++)
		buf_print(page, "| `%s` | %s |\n", claim->name,
			  *claim->help ? claim->help : "as in OpenID Connect Core 5.1");
}

char *attributes_reference(struct arena *arena)
{
	AUTO_BUF page = BUF(PAGE_MAX);

	buf_text(&page, head);
	print_presets(&page);
	print_purposes(&page);
	print_claims(&page);
	buf_text(&page, "\nGenerated from the program: `lanyard reference saml-attributes`.\n");
	assert(!page.full);
	return arena_text(arena, buf_str(&page));
}
