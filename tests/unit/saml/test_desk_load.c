/* desk.h: what is encrypted is signed inside; many messages, many apps and many threads change nothing. */
#include "desk_kit.h"

#include <glib-object.h>
#include <pthread.h>

#include "saml/service.h"

static struct statement plain(const struct service *service)
{
	static const struct saml_value values[] = { { .text = "J\xc3\xbcrgen" }, { .text = "x" } };
	static const struct saml_attribute seven[] = {
		{ "practice_id", NULL, "urn:f", values, 1 }, { "practice_name", NULL, "urn:f", values, 1 },
		{ "location_id", NULL, "urn:f", values, 1 }, { "roles", NULL, "urn:f", values, 2 },
		{ "email", NULL, "urn:f", values, 1 },       { "given_name", NULL, "urn:f", values, 1 },
		{ "family_name", NULL, "urn:f", values, 1 },
	};

	return (struct statement){ .service = service,
				   .in_response_to = "_request_0123456789abcdef",
				   .acs_url = APP_ACS,
				   .name_id = { .format = NAME_ID_PERSISTENT, .value = "p-17" },
				   .session_index = "s",
				   .context_class = "urn:x",
				   .auth_time = 1793491200,
				   .session_ends_at = 1793520000,
				   .lifetime = 300,
				   .attributes = seven,
				   .attribute_count = COUNT(seven),
				   .sign_assertion = true };
}

/* --- encrypted --------------------------------------------------------------------------------------- */

/* As the app reads it; NULL: it cannot with this key. */
static char *decrypted(struct arena *arena, const char *xml, const struct app_key *app)
{
	xmlDoc *doc = parsed(xml);
	xmlXPathObject *found = look(doc, "/samlp:Response/saml:EncryptedAssertion/xenc:EncryptedData");
	xmlSecKeysMngr *keys = xmlSecKeysMngrCreate();
	char *copy = NULL;

	assert_int_equal(found->nodesetval->nodeNr, 1);

	xmlNode *sealed = found->nodesetval->nodeTab[0];

	xmlXPathFreeObject(found); /* before what it names is replaced */
	assert_int_equal(xmlSecCryptoAppDefaultKeysMngrInit(keys), 0);
	assert_int_equal(xmlSecCryptoAppDefaultKeysMngrAdoptKey(
				 keys, xmlSecCryptoAppKeyLoadMemory(
					       (const xmlSecByte *)app->pem, (xmlSecSize)strlen(app->pem),
					       xmlSecKeyDataFormatPem, NULL, NULL, NULL)),
			 0);

	xmlSecEncCtx *context = xmlSecEncCtxCreate(keys);

	if (xmlSecEncCtxDecrypt(context, sealed) == 0 && context->resultReplaced) {
		xmlChar *text;
		int size;

		xmlDocDumpMemory(doc, &text, &size);
		copy = arena_text(arena, (const char *)text);
		xmlFree(text);
	}
	xmlSecEncCtxDestroy(context);
	xmlSecKeysMngrDestroy(keys);
	xmlFreeDoc(doc);
	return copy;
}

static void what_is_encrypted_is_signed_inside_and_for_the_app_alone(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct statement statement = plain(&service);

	ours_begin(&hand);

	const char *ours = our_certificate(&hand);

	statement.encrypt_to = &service.certificates[0];
	for (int both = 0; both < 2; both++) {
		const char *xml, *open;

		statement.sign_response = both;
		assert_ok(&hand, desk_response(&hand.w, &statement, &xml, NULL));
		assert_null(strstr(xml, "p-17"));
		assert_int_equal(times(xml, "//saml:Assertion"), 0);
		assert_int_equal(is_signed_by(xml, "/samlp:Response", ours), both);
		assert_int_equal(times(xml, "//xenc:EncryptionMethod[@Algorithm="
					    "'http://www.w3.org/2009/xmlenc11#aes256-gcm']"),
				 1);
		assert_int_equal(times(xml, "//*[contains(@Algorithm, 'cbc')]"), 0);
		open = decrypted(hand.arena, xml, &app_one);
		assert_non_null(open);
		assert_true(is_signed_by(open, "//saml:Assertion", ours));
		assert_string_equal(seen(hand.arena, open, "//saml:NameID"), "p-17");
		assert_null(decrypted(hand.arena, xml, &app_other));
	}
	/* In the other place: nothing but the Response signed. */
	statement.sign_assertion = false;

	const char *xml;

	assert_ok(&hand, desk_response(&hand.w, &statement, &xml, NULL));
	assert_true(is_signed_by(xml, "/samlp:Response", ours));
	assert_int_equal(times(decrypted(hand.arena, xml, &app_one), "//saml:Assertion/ds:Signature"), 0);
}

/* --- many -------------------------------------------------------------------------------------------- */

static size_t resident(void)
{
	size_t total = 0, pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%zu %zu", &total, &pages), 2);
	fclose(file);
	return pages * 4096;
}

/* This thread's, so that what else the machine does stays outside. */
static int64_t cpu_us(void)
{
	struct timespec at;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at), 0);
	return at.tv_sec * 1000000LL + at.tv_nsec / 1000;
}

static void respond_times(struct hand *hand, const struct statement *statement, int count)
{
	for (int i = 0; i < count; i++) {
		const char *xml;

		arena_reset(hand->arena);
		if (desk_response(&hand->w, statement, &xml, NULL) != OK)
			abort();
	}
}

/* A sanitizer or memcheck keeps what was freed, and takes its time. */
static bool watched(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#else
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "vgpreload");
#endif
}

static int rounds(void)
{
	return watched() ? 20 : 2000;
}

/* The figure is for people; the limit alone is a test. */
static void two_thousand_responses_leave_memory_flat(UNUSED void **state)
{
	AUTO_OURS hand;
	const struct service service = app_with(&app_one, "1");
	struct statement statement = plain(&service);

	ours_begin(&hand);
	for (int both = 0; both < 2; both++) {
		statement.sign_response = both;
		respond_times(&hand, &statement, rounds() / 4);

		size_t before = resident();
		int64_t begun = cpu_us();

		respond_times(&hand, &statement, rounds());

		int64_t took = cpu_us() - begun;

		print_message("%d responses, %d signatures each: %lld a second of CPU\n", rounds(), both + 1,
			      (long long)(rounds() * 1000000LL / took));
		assert_true(watched() || resident() < before + 1 * MB);
	}
}

static void a_thousand_apps_share_the_room_of_sixty_four(UNUSED void **state)
{
	enum { APPS = 1000 };
	AUTO_OURS hand;
	struct service service = app_with(&app_one, "1");
	size_t before = 0;

	ours_begin(&hand);
	for (int i = 0; i < APPS; i++) {
		char entity[64];
		struct received message = { .binding = BINDING_REDIRECT,
					    .signed_query = "SAMLRequest=a&SigAlg=b"
							    "&Signature=c" };

		arena_reset(hand.arena);
		if (i == APPS / 2)
			before = resident();
		snprintf(entity, sizeof entity, "https://app-%d.example/metadata", i);
		service.entity_id = message.issuer = entity;
		assert_int_equal(desk_verify(&hand.w, &service, &message, true), ERR_SAML_SIGNATURE);
	}
	assert_true(watched() || resident() < before + 1 * MB);
}

/* --- at once ----------------------------------------------------------------------------------------- */

enum { THREADS = 4 };
static pthread_barrier_t together;

static void *respond_often(void *given)
{
	struct hand *hand = given;
	const struct service service = app_with(NULL, "1");
	const struct statement statement = plain(&service);
	uintptr_t wrong = 0;

	pthread_barrier_wait(&together);
	for (int i = 0; i < (watched() ? 10 : 100); i++) {
		const char *xml = NULL;

		if (desk_response(&hand->w, &statement, &xml, NULL) != OK || !strstr(xml, "SignatureValue"))
			wrong++;
	}
	cabinet_close();
	return (void *)wrong;
}

static void threads_at_once_do_not_meet(UNUSED void **state)
{
	struct hand hands[THREADS];
	pthread_t threads[THREADS];

	assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++) {
		ours_begin(&hands[i]);
		assert_int_equal(pthread_create(&threads[i], NULL, respond_often, &hands[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		assert_null(wrong);
		hand_end(&hands[i]);
	}
	pthread_barrier_destroy(&together);
}

/* A type that a thread registers on first use, another thread may register too: one of them gets none. */
static void every_type_in_use_is_known_before_there_are_threads(UNUSED void **state)
{
	static const char *const used[] = { "LassoKey",
					    "LassoMiscTextNode",
					    "LassoSaml2Assertion",
					    "LassoSaml2NameID",
					    "LassoSaml2AttributeValue",
					    "LassoSamlp2Response",
					    "LassoSamlp2Status",
					    "LassoSamlp2LogoutRequest",
					    "LassoSamlp2LogoutResponse",
					    "LassoSamlp2StatusCode",
					    "LassoSamlp2ArtifactResponse" };

	for (size_t i = 0; i < COUNT(used); i++)
		if (!g_type_from_name(used[i]))
			fail_msg("%s is not registered", used[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_in_use_is_known_before_there_are_threads),
		cmocka_unit_test(what_is_encrypted_is_signed_inside_and_for_the_app_alone),
		cmocka_unit_test(two_thousand_responses_leave_memory_flat),
		cmocka_unit_test(a_thousand_apps_share_the_room_of_sixty_four),
		cmocka_unit_test(threads_at_once_do_not_meet),
	};

	saml_library_start();
	return cmocka_run_group_tests(tests, begin_desk, end_desk);
}
