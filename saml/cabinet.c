/* cabinet.c: the only file that starts lasso, and what a thread keeps of the libraries. */
/* The libraries first: their headers use names that base.h poisons. */
#include <lasso/lasso.h>
#include <lasso/key.h>
#include <libxml/xmlerror.h>
#include <pthread.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/keys.h>

#include "saml/cabinet.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "keys/xml_key.h"
#include "saml/crypt.h"
#include "saml/service.h"

enum { SLOTS = 64 };

struct slot {
	char *entity_id, *version; /* NULL: free */
	xmlSecKey **keys;
	size_t count;
	uint64_t used;
};

struct cabinet {
	char *kid, *certificate;
	LassoKey *key; /* NULL: not yet */
	struct slot slots[SLOTS];
	uint64_t turn;
};

static pthread_key_t own; /* made by saml_library_start, then only read */

/* --- the library -----------------------------------------------------------------------------------------
 */

/* What hostile input provokes is for debugging; what lasso takes as its caller's mistake is a warning. */
static void tell_glib(const char *domain, GLogLevelFlags level, const char *message, void *context)
{
	bool is_ours = (level & G_LOG_LEVEL_ERROR) || (level & G_LOG_LEVEL_CRITICAL);
	enum log_level ours = is_ours ? LOG_WARN : LOG_DEBUG;

	(void)context;
	if (log_wants(ours))
		log_event(ours, "lasso", "domain", domain, "message", message, NULL);
}

static void tell_libxml(void *context, xmlErrorPtr error)
{
	(void)context;
	if (log_wants(LOG_DEBUG))
		log_event(LOG_DEBUG, "libxml2", "message", error->message, NULL);
}

static void tell_xmlsec(const char *file, int line, const char *function, const char *object,
			const char *subject, int reason, const char *message)
{
	(void)file, (void)line, (void)reason; /* the message says it in words */
	if (log_wants(LOG_DEBUG))
		log_event(LOG_DEBUG, "xmlsec", "function", function, "object", object, "subject", subject,
			  "message", message, NULL);
}

static void cabinet_free(void *thing);

/* The classes of the nodes that we build are made before there are threads, not by the first two at once. */
static void make_classes(void)
{
	static const char *const built[] = {
		"LassoSaml2Assertion",
		"LassoSaml2Attribute",
		"LassoSaml2AttributeStatement",
		"LassoSaml2AttributeValue",
		"LassoSaml2AudienceRestriction",
		"LassoSaml2AuthnContext",
		"LassoSaml2AuthnStatement",
		"LassoSaml2Conditions",
		"LassoSaml2NameID",
		"LassoSaml2Subject",
		"LassoSaml2SubjectConfirmation",
		"LassoSaml2SubjectConfirmationData",
		"LassoSamlp2ArtifactResponse",
		"LassoSamlp2AuthnRequest",
		"LassoSamlp2LogoutRequest",
		"LassoSamlp2LogoutResponse",
		"LassoSamlp2NameIDPolicy",
		"LassoSamlp2RequestedAuthnContext",
		"LassoSamlp2Response",
		"LassoSamlp2Status",
		"LassoSamlp2StatusCode",
		"LassoMiscTextNode",
	};

	for (size_t i = 0; i < COUNT(built); i++) {
		GType type = g_type_from_name(built[i]);

		assert(type != 0);
		(void)g_type_class_ref(type);
	}
}

void saml_library_start(void)
{
	/* LASSO_FLAG=no-verify-signature makes every signature a good one: nobody may set that from outside.
	 */
	static const char *const lasso_reads[] = { "LASSO_FLAG", "LASSO_DEFAULT_KEY_ENCRYPTION_METHOD" };

	for (size_t i = 0; i < COUNT(lasso_reads); i++)
		(void)unsetenv(lasso_reads[i]); /* fails for malformed names alone */
	if (setenv("SSL_CERT_FILE", "/dev/null", 1) != 0 || setenv("SSL_CERT_DIR", "/nonexistent", 1) != 0 ||
	    pthread_key_create(&own, cabinet_free) != 0 || lasso_init() != 0) {
		log_event(LOG_ERROR_, "lasso", "message", "cannot be initialized", NULL);
		abort();
	}
	/* lasso_init registers every type but this one, and two threads that are first at it get in each
	 * other's way. */
	(void)lasso_key_get_type();
	make_classes();
	(void)g_log_set_default_handler(tell_glib, NULL); /* returns the one before */
	xmlSetStructuredErrorFunc(NULL, tell_libxml);
	(void)xmlThrDefSetStructuredErrorFunc(NULL, tell_libxml); /* threads to come have their own */
	xmlSecErrorsSetCallback(tell_xmlsec);
	crypt_start();
}

/* --- this thread's ----------------------------------------------------------------------------------- */

static void *need(void *memory)
{
	if (!memory)
		abort(); /* as an arena without memory does */
	return memory;
}

static struct cabinet *mine(void)
{
	struct cabinet *cabinet = pthread_getspecific(own);

	if (cabinet)
		return cabinet;
	cabinet = need(calloc(1, sizeof(*cabinet)));
	if (pthread_setspecific(own, cabinet) != 0)
		abort();
	return cabinet;
}

static void slot_clear(struct slot *slot)
{
	for (size_t i = 0; i < slot->count; i++)
		xmlSecKeyDestroy(slot->keys[i]);
	free(slot->keys);
	free(slot->entity_id);
	free(slot->version);
	*slot = (struct slot){ 0 };
}

static void key_clear(struct cabinet *cabinet)
{
	g_clear_object(&cabinet->key);
	free(cabinet->kid);
	free(cabinet->certificate);
	cabinet->kid = cabinet->certificate = NULL;
}

static void cabinet_free(void *thing)
{
	struct cabinet *cabinet = thing;

	for (size_t i = 0; i < SLOTS; i++)
		slot_clear(&cabinet->slots[i]);
	key_clear(cabinet);
	free(cabinet);
}

void cabinet_close(void)
{
	struct cabinet *cabinet = pthread_getspecific(own);

	if (!cabinet)
		return;
	cabinet_free(cabinet);
	if (pthread_setspecific(own, NULL) != 0)
		abort();
}

/* --- our key ----------------------------------------------------------------------------------------- */

static void pem_done(char **pem)
{
	if (*pem)
		xml_key_release(*pem);
}

/* From memory: lasso's other ways hand the PEM text to open(2) as a path first, and parse it again for each
 * signature. Without certificate: with one, libxmlsec copies and parses it for each signature; paper.c writes
 * KeyInfo. */
static enum err key_load(struct work *work, struct cabinet *cabinet)
{
	AUTO(pem_done) char *pem = NULL;
	char *certificate_pem = NULL;
	const char *kid = NULL;

	key_clear(cabinet);
	TRY(xml_key_private(work, &kid, &pem, &certificate_pem));
	cabinet->key = lasso_key_new_for_signature_from_memory(pem, strlen(pem), NULL,
							       LASSO_SIGNATURE_METHOD_RSA_SHA256, NULL);
	if (!cabinet->key)
		return fault(work, ERR_INTERNAL, "lasso cannot read the xml key %s", kid);
	cabinet->kid = need(strdup(kid));
	return OK;
}

static const struct xml_key *active(const struct xml_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(keys[i].state, "active"))
			return &keys[i];
	return NULL;
}

enum err cabinet_signer(struct work *work, struct signer *out)
{
	struct cabinet *cabinet = mine();
	const struct xml_key *keys = NULL;
	size_t count = 0;

	TRY(xml_keys(work, &keys, &count));

	const struct xml_key *now = active(keys, count);

	if (!now)
		return fault(work, ERR_INTERNAL, "there is no active xml key");
	if (!text_equal(cabinet->kid, now->kid)) {
		TRY(key_load(work, cabinet));
		if (!text_equal(cabinet->kid, now->kid))
			return fault(work, ERR_INTERNAL, "the xml key is being rotated");
		cabinet->certificate = need(strdup(now->certificate));
	}
	*out = (struct signer){ .key = cabinet->key, .certificate = cabinet->certificate };
	return OK;
}

/* --- apps -------------------------------------------------------------------------------------------- */

/* The app's slot, also of an older version; else the one to give up. */
static struct slot *slot_of(struct cabinet *cabinet, const char *entity_id)
{
	struct slot *oldest = &cabinet->slots[0];

	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *slot = &cabinet->slots[i];

		if (text_equal(slot->entity_id, entity_id))
			return slot;
		if (slot->used < oldest->used)
			oldest = slot;
	}
	return oldest;
}

static void key_done(xmlSecKey **key)
{
	if (*key)
		xmlSecKeyDestroy(*key);
}

/* The public key alone: with its certificate, each use would copy and parse that again. NULL: unreadable. */
static xmlSecKey *key_of(struct arena *arena, const struct certificate *certificate)
{
	struct bytes der;

	if (!base64_decode(arena, certificate->base64, strlen(certificate->base64), &der) ||
	    der.size > INT_MAX)
		return NULL;

	AUTO(key_done)
	xmlSecKey *whole = xmlSecCryptoAppKeyLoadMemory(der.at, (xmlSecSize)der.size,
							xmlSecKeyDataFormatCertDer, NULL, NULL, NULL);
	AUTO(key_done) xmlSecKey *bare = xmlSecKeyCreate();
	xmlSecKeyData *value = whole && bare ? xmlSecKeyDataDuplicate(xmlSecKeyGetValue(whole)) : NULL;

	if (!value)
		return NULL;
	if (xmlSecKeySetValue(bare, value) != 0) {
		xmlSecKeyDataDestroy(value);
		return NULL;
	}
	return TAKE(bare);
}

static enum err slot_fill(struct work *work, const struct service *service, struct slot *slot)
{
	slot_clear(slot);
	slot->keys = need(calloc(service->certificate_count + 1, sizeof(slot->keys[0])));
	for (size_t i = 0; i < service->certificate_count; i++) {
		if (!service->certificates[i].signing)
			continue;

		xmlSecKey *key = key_of(work->arena, &service->certificates[i]);

		if (!key)
			return fault(work, ERR_INTERNAL, "libxmlsec cannot read certificate %zu of %s", i,
				     service->entity_id);
		slot->keys[slot->count++] = key;
	}
	slot->entity_id = need(strdup(service->entity_id));
	slot->version = need(strdup(service->version));
	return OK;
}

enum err cabinet_verifier(struct work *work, const struct service *service, struct verifier *out)
{
	struct cabinet *cabinet = mine();
	struct slot *slot = slot_of(cabinet, service->entity_id);

	if (!text_equal(slot->entity_id, service->entity_id) || !text_equal(slot->version, service->version))
		TRY(slot_fill(work, service, slot));
	slot->used = ++cabinet->turn;
	*out = (struct verifier){ .keys = slot->keys, .count = slot->count };
	return OK;
}
