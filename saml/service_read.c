/* service_read.c: a service provider's EntityDescriptor (SAML Metadata 2.3.2, 2.4.4, UI extension). A
 * Signature in it is not verified: it came from the administrator's own file, or over https from an address
 * that the administrator declared. */
#include "base/base.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "keys/secret.h"
#include "saml/scan.h"
#include "saml/service_reading.h"
#include "saml/tree.h"
#include "saml/words.h"

#define ENTITY_MAX 1024
#define TOLD_MAX   200
#define NAME_SIZE  200
#define MINUTE     60
#define HOUR       (60 * MINUTE)
#define DAY        (24 * HOUR)
#define NS_XML     "http://www.w3.org/XML/1998/namespace"

enum err(service_complain)(struct service_reading *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	r->trouble = arena_vprint(r->arena, format, args);
	va_end(args);
	return ERR_DOCUMENT;
}

const char *service_told(struct service_reading *r, const char *text)
{
	return text != NULL ? text_bounded(r->arena, text, strlen(text), TOLD_MAX) : "(none)";
}

/* Files made on Windows begin with a byte order mark. */
static struct bytes without_mark(struct bytes text)
{
	static const char mark[] = "\xEF\xBB\xBF";
	size_t size = sizeof(mark) - 1;

	if (text.size < size || memcmp(text.at, mark, size) != 0)
		return text;
	return (struct bytes){ text.at + size, text.size - size };
}

enum err service_parse(struct service_reading *r, struct bytes text, xmlNode **root)
{
	text = without_mark(text);
	const char *word = xml_scan(text, &xml_of_metadata);

	if (word != NULL)
		return service_complain(r, "this is no XML that is read here: %s (%s)%s",
					saml_words[saml_word_of(word)].meaning, word,
					saml_word_of(word) == WORD_XML_DOCTYPE
						? "; is it a web page instead of metadata?"
						: "");
	xmlDoc *doc = tree_parse(r->arena, text);

	if (doc == NULL)
		return service_complain(r, "this is no well-formed XML");
	*root = xmlDocGetRootElement(doc);
	return OK;
}

static bool is_entity_id(const char *text)
{
	return text != NULL && *text != '\0' && strlen(text) <= ENTITY_MAX &&
	       text[strcspn(text, " \t\r\n")] == '\0';
}

enum err service_read_entity(struct service_reading *r, const xmlNode *entity, const char *expected)
{
	const char *id = tree_attribute(r->arena, entity, "entityID");

	if (!tree_is(entity, NS_METADATA, "EntityDescriptor"))
		return service_complain(r, "this is no SAML metadata: the root is %s, not EntityDescriptor",
					service_told(r, (const char *)entity->name));
	if (!is_entity_id(id))
		return service_complain(r, "entityID is missing, has blanks, or is longer than %d bytes",
					ENTITY_MAX);
	if (expected != NULL && !text_equal(id, expected))
		return service_complain(r, "entityID is \"%s\", not \"%s\"", service_told(r, id),
					service_told(r, expected));
	r->out->entity_id = id;
	return OK;
}

/* --- xs:duration, as cacheDuration has it --- */

struct duration_unit {
	char letter;
	int64_t seconds;
};

/* Months of 30 days, years of 365: it says when to look again. */
static const struct duration_unit date_units[] = {
	{ 'Y', 365 * DAY },
	{ 'M', 30 * DAY },
	{ 'D', DAY },
};
static const struct duration_unit time_units[] = { { 'H', HOUR }, { 'M', MINUTE }, { 'S', 1 } };

/* Numbers with a unit each, in the order of the units; parts of a second are dropped. */
static bool add_units(const char **at, const struct duration_unit *units, size_t count, int64_t *total)
{
	size_t unit = 0;

	while (**at >= '0' && **at <= '9') {
		int64_t value = 0;

		for (; **at >= '0' && **at <= '9'; ++*at) {
			value = value * 10 + (**at - '0');
			if (value > 1000000000)
				return false;
		}
		bool fraction = **at == '.';

		if (fraction)
			*at += 1 + strspn(*at + 1, "0123456789");
		while (unit < count && units[unit].letter != **at)
			unit++;
		if (unit == count || (fraction && **at != 'S'))
			return false;
		*total += value * units[unit++].seconds;
		++*at;
	}
	return true;
}

static bool read_duration(const char *text, int64_t *out)
{
	int64_t total = 0;

	if (*text++ != 'P' || *text == '\0' || !add_units(&text, date_units, COUNT(date_units), &total))
		return false;
	if (*text == 'T') {
		text++;
		if (*text == '\0' || !add_units(&text, time_units, COUNT(time_units), &total))
			return false;
	}
	*out = total;
	return *text == '\0';
}

/* --- what holds for entity and role alike --- */

enum err service_read_lifetime(struct service_reading *r, const xmlNode *node)
{
	const char *duration = tree_attribute(r->arena, node, "cacheDuration");
	int64_t until = 0, seconds = 0;

	if (!tree_time(r->arena, node, "validUntil", &until))
		return service_complain(r, "validUntil \"%s\" is no time in UTC such as 2030-01-31T00:00:00Z",
					service_told(r, tree_attribute(r->arena, node, "validUntil")));
	if (until != 0 && until <= r->now)
		return service_complain(r, "it was valid until %s: ask for new metadata",
					clock_rfc3339(r->arena, until));
	if (duration != NULL && !read_duration(duration, &seconds))
		return service_complain(r, "cacheDuration \"%s\" is no duration such as P1D",
					service_told(r, duration));
	if (until != 0 && (r->out->valid_until == 0 || until < r->out->valid_until))
		r->out->valid_until = until;
	if (seconds != 0 && (r->out->cache_seconds == 0 || seconds < r->out->cache_seconds))
		r->out->cache_seconds = seconds;
	return OK;
}

static bool speaks_saml2(struct service_reading *r, const xmlNode *role)
{
	const char *protocols = tree_attribute(r->arena, role, "protocolSupportEnumeration");

	return protocols != NULL && text_words_have(protocols, NS_PROTOCOL);
}

enum err service_find_role(struct service_reading *r, const xmlNode *entity,
			   const struct service_role *wanted, const xmlNode **out)
{
	const xmlNode *role = tree_child(entity, NS_METADATA, wanted->name), *found = NULL;

	for (; role != NULL; role = tree_following(role)) {
		if (!speaks_saml2(r, role))
			continue;
		if (found != NULL)
			return service_complain(r, "there are two %ss that speak SAML 2.0", wanted->name);
		found = role;
	}
	if (found == NULL && tree_child(entity, NS_METADATA, wanted->other))
		return service_complain(r, "%s", wanted->complaint);
	if (found == NULL)
		return service_complain(r, "no %s in it speaks SAML 2.0", wanted->name);
	*out = found;
	return OK;
}

/* --- what the app is called and wants --- */

/* In English if there is such a one, else the first. */
static const char *best_name(struct service_reading *r, const xmlNode *first)
{
	const char *best = NULL;

	for (const xmlNode *node = first; node != NULL; node = tree_following(node)) {
		const char *text = tree_trimmed(r->arena, node);
		const char *language = tree_attribute_of(r->arena, node, NS_XML, "lang");
		bool english = language != NULL && text_starts(language, "en");

		if (!text_is_empty(text) && (best == NULL || english))
			best = text_bounded(r->arena, text, strlen(text), NAME_SIZE);
		if (english && best != NULL)
			break;
	}
	return best;
}

static const xmlNode *child_of(const xmlNode *parent, const char *namespace, const char *name)
{
	return parent != NULL ? tree_child(parent, namespace, name) : NULL;
}

const char *service_read_name(struct service_reading *r, const xmlNode *entity, const xmlNode *role)
{
	const xmlNode *info = child_of(child_of(role, NS_METADATA, "Extensions"), NS_MDUI, "UIInfo");
	const xmlNode *organization = child_of(entity, NS_METADATA, "Organization");
	const char *name = best_name(r, child_of(info, NS_MDUI, "DisplayName"));

	if (name != NULL)
		return name;
	return best_name(r, child_of(organization, NS_METADATA, "OrganizationDisplayName"));
}

void service_read_formats(struct service_reading *r, const xmlNode *role)
{
	enum name_id_format *list = arena_array(r->arena, enum name_id_format, NAME_ID_EMAIL + 1), format;
	const xmlNode *node = tree_child(role, NS_METADATA, "NameIDFormat");
	bool seen[NAME_ID_EMAIL + 1] = { false };

	for (; node != NULL; node = tree_following(node)) {
		const char *text = tree_trimmed(r->arena, node);

		if (text == NULL || !name_id_of(text, &format) || seen[format])
			continue;
		seen[format] = true;
		list[r->out->format_count++] = format;
	}
	r->out->formats = list;
}

static enum err read_role(struct service_reading *r, const xmlNode *root, const xmlNode *role)
{
	if (!tree_flag(r->arena, role, "AuthnRequestsSigned", &r->out->requests_signed) ||
	    !tree_flag(r->arena, role, "WantAssertionsSigned", &r->out->wants_assertions_signed))
		return service_complain(r, "AuthnRequestsSigned and WantAssertionsSigned are true or false");
	TRY(service_read_lifetime(r, role));
	TRY(service_read_keys(r, role));
	TRY(service_read_endpoints(r, role));
	service_read_formats(r, role);
	r->out->name = service_read_name(r, root, role);
	return OK;
}

static enum err read_all(struct service_reading *r, struct bytes text, const char *entity_id)
{
	static const struct service_role wanted = {
		"SPSSODescriptor", "IDPSSODescriptor",
		"this is metadata of an identity provider, not of an app"
	};
	const xmlNode *role = NULL;
	xmlNode *root = NULL;

	TRY(service_parse(r, text, &root));
	if (tree_is(root, NS_METADATA, "EntitiesDescriptor"))
		return service_complain(
			r, "this is a list of many (EntitiesDescriptor): give the metadata of the "
			   "one app, an EntityDescriptor of its own");
	TRY(service_read_entity(r, root, entity_id));
	TRY(service_read_lifetime(r, root));
	TRY(service_find_role(r, root, &wanted, &role));
	TRY(read_role(r, root, role));
	r->out->version = hex_encode(r->arena, sha256(r->arena, text));
	return OK;
}

enum err service_read(struct arena *arena, const char *xml, size_t size, const char *entity_id, int64_t now,
		      bool development, struct service *out, const char **trouble)
{
	struct service service = { 0 };
	struct service_reading r = {
		.arena = arena, .out = &service, .now = now, .development = development
	};
	enum err err = read_all(&r, (struct bytes){ (const uint8_t *)xml, size }, entity_id);

	*trouble = r.trouble;
	if (err == OK)
		*out = service;
	return err;
}
