/* test_refresh.c: metadata by address is looked at again: what is new is taken, what is wrong or gone leaves
 * what is there, and both are told once. For apps and for connections. */
#include "service_kit.h"

#include "kit/store_kit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/config.h"
#include "http/fetch.h"
#include "saml/refresh.h"
#include "store/apps.h"
#include "store/metadata.h"
#include "store/snapshot.h"

#define PRACTICE "refresh-a"
#define ETAG     "\"one\""

static struct config config = { .issuer = "http://localhost:8080", .development = true };
static struct app app = { .config = &config };

/* ---- whoever stands at the address ---- */

static struct {
	int listener;
	char address[64];
	pthread_t thread;
	char asked[4096];
	_Atomic int hits;
	int status;
	const char *headers, *body;
} there;

static void *answer_all(UNUSED void *nothing)
{
	char head[400];
	int peer;

	while ((peer = accept(there.listener, NULL, NULL)) >= 0) {
		ssize_t size = recv(peer, there.asked, sizeof there.asked - 1, 0);

		there.asked[size > 0 ? size : 0] = '\0';
		there.hits++;
		snprintf(head, sizeof head,
			 "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n", there.status,
			 strlen(there.body), there.headers);
		(void)!send(peer, head, strlen(head), MSG_NOSIGNAL);
		(void)!send(peer, there.body, strlen(there.body), MSG_NOSIGNAL);
		close(peer);
	}
	return NULL;
}

static void listen_there(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;

	there.listener = socket(AF_INET, SOCK_STREAM, 0);
	assert(bind(there.listener, (struct sockaddr *)&at, size) == 0 && listen(there.listener, 8) == 0 &&
	       getsockname(there.listener, (struct sockaddr *)&at, &size) == 0);
	snprintf(there.address, sizeof there.address, "http://127.0.0.1:%u/md", ntohs(at.sin_port));
	app.fetcher = fetcher_new(&config);
	app.snapshots = snapshots_new();
	int failed = pthread_create(&there.thread, NULL, answer_all, NULL);

	assert(failed == 0);
}

static void leave_there(void)
{
	shutdown(there.listener, SHUT_RDWR);
	close(there.listener);
	pthread_join(there.thread, NULL);
	fetcher_free(TAKE(app.fetcher));
	snapshots_free(TAKE(app.snapshots));
}

/* ---- the two sides ---- */

struct owner {
	enum metadata_side side;
	const char *id, *refreshed, *failed;
};
static const struct owner an_app = { METADATA_OF_APP, ENTITY, "app.metadata.refresh", "app.metadata.fail" };
static const struct owner a_connection = { METADATA_OF_CONNECTION, "refresh-idp",
					   "connection.metadata.refresh", "connection.metadata.fail" };
static const struct owner *const owners[] = { &an_app, &a_connection };

static char *provider_as(struct arena *arena, const char *entity_id, const char *sso)
{
	return arena_print(arena,
			   "<md:EntityDescriptor xmlns:md=\"" NS_METADATA "\" xmlns:ds=\"" NS_SIGNATURE
			   "\" entityID=\"%s\"><md:IDPSSODescriptor " PROTO
			   ">%s<md:SingleSignOnService Binding=\"" BINDING
			   "HTTP-Redirect\" Location=\"%s\"/></md:IDPSSODescriptor></md:EntityDescriptor>",
			   entity_id, key_lines(arena, "", rsa), sso);
}

/* The same owner with other addresses in it. */
static char *text_of(struct arena *arena, const struct owner *owner, const char *where)
{
	return owner->side == METADATA_OF_APP
		       ? arena_print(arena, "%s<!-- %s -->", SP(ACS("")), where)
		       : provider_as(arena, "https://idp.example/saml",
				     arena_print(arena, "https://idp.example/%s", where));
}

static void put_owner(struct hand *hand, const struct owner *owner)
{
	static const char put_app[] =
		"INSERT INTO app (client_id, type, name, metadata, disabled, created_at) VALUES "
		"($1, 'saml', 'S', $2, FALSE, 0) ON CONFLICT (client_id) DO UPDATE SET metadata = "
		"excluded.metadata";
	static const char put_connection[] =
		"INSERT INTO connection (id, practice_id, protocol, name, declaration, disabled, created_at) "
		"VALUES ($1, '" PRACTICE "', 'saml', 'C', $2, FALSE, 0)"
		" ON CONFLICT (id) DO UPDATE SET declaration = excluded.declaration";
	const char *document =
		owner->side == METADATA_OF_APP
			? arena_print(hand->arena,
				      "{\"type\":\"saml\",\"entity_id\":\"" ENTITY
				      "\",\"metadata_url\":\"%s\"}",
				      there.address)
			: arena_print(
				  hand->arena,
				  "{\"id\":\"refresh-idp\",\"protocol\":\"saml\",\"metadata_url\":\"%s\"}",
				  there.address);

	kit_practice(hand, PRACTICE, 821);
	assert_ok(hand, db_run(&hand->w, NULL, owner->side == METADATA_OF_APP ? put_app : put_connection,
			       V_TEXT(owner->id), V_TEXT(document)));
}

/* As after a change by command. */
static void see_anew(struct hand *hand)
{
	AUTO(tx_end) struct tx tx = tx_begin(&hand->w);

	assert_ok(hand, snapshot_touch(&hand->w));
	assert_ok(hand, tx_commit(&tx));
	assert_ok(hand, snapshot_renew(&hand->w));
}

static struct metadata_row row_of(struct hand *hand, const struct owner *owner)
{
	struct metadata_row row;
	bool found = false;

	assert_ok(hand, metadata_find(&hand->w, owner->side, owner->id, &row, &found));
	assert_true(found);
	return row;
}

/* The event of a connection stands in its practice, an app's is the deployment's. */
static int64_t events_of(struct hand *hand, const struct owner *owner, const char *type)
{
	hand->w.practice = owner->side == METADATA_OF_CONNECTION ? PRACTICE : NULL;
	int64_t count = count_of(hand, "SELECT count(*) FROM event WHERE target = $1 AND type = $2",
				 V_TEXT(owner->id), V_TEXT(type));

	hand->w.practice = NULL;
	return count;
}

/* Since begin: events stay. */
static struct {
	int64_t refreshed, failed;
} earlier;

static int64_t told_refreshed(struct hand *hand, const struct owner *owner)
{
	return events_of(hand, owner, owner->refreshed) - earlier.refreshed;
}

static int64_t told_failed(struct hand *hand, const struct owner *owner)
{
	return events_of(hand, owner, owner->failed) - earlier.failed;
}

static const char *in_use(struct hand *hand, const struct owner *owner)
{
	assert_ok(hand, snapshot_renew(&hand->w));
	return owner->side == METADATA_OF_APP ? snapshot_saml(hand->w.snapshot, owner->id)->saml.metadata
					      : snapshot_connection(hand->w.snapshot, owner->id)->metadata;
}

/* A hand with the owner and what was fetched for it earlier, which is due. */
static void begin(struct hand *hand, const struct owner *owner)
{
	clock_freeze_us(NOW * 1000000);
	hand_begin(hand, NULL);
	hand->w.app = &app;
	put_owner(hand, owner);
	const struct metadata_row row = { .owner = owner->id,
					  .xml = text_of(hand->arena, owner, "old"),
					  .etag = ETAG,
					  .fetched_at = 7,
					  .next_at = 8 };

	assert_ok(hand, metadata_put(&hand->w, owner->side, &row));
	see_anew(hand);
	earlier.refreshed = events_of(hand, owner, owner->refreshed);
	earlier.failed = events_of(hand, owner, owner->failed);
	there.hits = 0;
	there.status = 200;
	there.headers = "";
	there.body = "";
}

static void end(struct hand *hand)
{
	static const char *const texts[] = { "DELETE FROM app_metadata", "DELETE FROM connection_metadata" };

	for (size_t i = 0; i < COUNT(texts); i++)
		assert_ok(hand, db_run(&hand->w, NULL, texts[i], V_NULL()));
	snapshot_drop(hand->w.snapshot);
	hand->w.snapshot = NULL;
	hand_end(hand);
}

static void look(struct hand *hand)
{
	assert_ok(hand, metadata_refresh_due(&hand->w));
	assert_null(hand->w.practice);
}

/* ---- tests ---- */

static void what_is_new_is_taken_and_told(UNUSED void **state)
{
	for (size_t i = 0; i < COUNT(owners); i++) {
		struct hand hand;

		begin(&hand, owners[i]);
		there.body = text_of(hand.arena, owners[i], "new");
		there.headers = "ETag: \"two\"\r\nCache-Control: max-age=7200\r\n";
		look(&hand);
		const struct metadata_row row = row_of(&hand, owners[i]);

		assert_string_equal(row.xml, there.body);
		assert_string_equal(row.etag, "\"two\"");
		assert_int_equal(row.fetched_at, NOW);
		assert_int_equal(row.next_at, NOW + 7200);
		assert_null(row.trouble);
		assert_non_null(strstr(there.asked, "If-None-Match: " ETAG));
		assert_string_equal(in_use(&hand, owners[i]), there.body);
		assert_int_equal(told_refreshed(&hand, owners[i]), 1);
		look(&hand); /* not due: nobody is asked */
		assert_int_equal(there.hits, 1);
		end(&hand);
	}
}

static void what_is_the_same_moves_on_untold(UNUSED void **state)
{
	for (size_t i = 0; i < COUNT(owners); i++) {
		struct hand hand;

		begin(&hand, owners[i]);
		there.status = 304;
		look(&hand);
		const struct metadata_row row = row_of(&hand, owners[i]);

		assert_string_equal(row.xml, text_of(hand.arena, owners[i], "old"));
		assert_string_equal(row.etag, ETAG);
		assert_int_equal(row.fetched_at, NOW);
		assert_int_equal(row.next_at, NOW + 86400);
		assert_int_equal(told_refreshed(&hand, owners[i]), 0);
		assert_int_equal(told_failed(&hand, owners[i]), 0);
		end(&hand);
	}
}

/* In turn: each leaves what is there, and another trouble is told anew. */
static void what_is_wrong_leaves_what_is_there_and_is_told_once(UNUSED void **state)
{
	static const char others[] = "<md:EntityDescriptor xmlns:md=\"" NS_METADATA
				     "\" entityID=\"https://other.example\"><md:SPSSODescriptor " PROTO
				     ">" ACS("") "</md:SPSSODescriptor></md:EntityDescriptor>";

	for (size_t i = 0; i < COUNT(owners); i++) {
		struct hand hand;

		begin(&hand, owners[i]);
		const char *old = text_of(hand.arena, owners[i], "old");
		const struct {
			int status;
			const char *body, *trouble;
		} turns[] = {
			{ 500, "", "it could not be fetched (the answer is 500)" },
			{ 500, "", "it could not be fetched (the answer is 500)" },
			{ 200, "<!DOCTYPE x><x/>", "what stands there is refused: " },
			{ 200, "\xff", "what stands there is no UTF-8 text" },
			{ 200,
			  owners[i]->side == METADATA_OF_APP
				  ? others
				  : provider_as(hand.arena, "https://other.example/saml",
						"https://other.example/sso"),
			  "what stands there is refused: " },
		};

		for (size_t turn = 0; turn < COUNT(turns); turn++) {
			there.status = turns[turn].status;
			there.body = turns[turn].body;
			look(&hand);
			const struct metadata_row row = row_of(&hand, owners[i]);

			if (!row.trouble || !text_starts(row.trouble, turns[turn].trouble))
				fail_msg("turn %zu: %s", turn, row.trouble ? row.trouble : "(none)");
			assert_string_equal(row.xml, old);
			assert_string_equal(row.etag, ETAG);
			assert_int_equal(row.fetched_at, 7);
			assert_int_equal(row.next_at, hand.w.now + 3600);
			hand.w.now += 3600;
		}
		assert_string_equal(in_use(&hand, owners[i]), old);
		assert_int_equal(told_failed(&hand, owners[i]), COUNT(turns) - 1);
		there.status = 304;
		look(&hand); /* well again: nothing new, so no word */
		assert_null(row_of(&hand, owners[i]).trouble);
		assert_int_equal(told_refreshed(&hand, owners[i]), 0);
		end(&hand);
	}
}

static void who_has_no_address_any_more_is_left_alone(UNUSED void **state)
{
	static const char *const gone[] = { "UPDATE app SET metadata = '{\"type\":\"saml\"}'",
					    "UPDATE connection SET deleted_at = 1" };
	static const char back[] = "UPDATE connection SET deleted_at = NULL";

	for (size_t i = 0; i < COUNT(owners); i++) {
		struct hand hand;

		begin(&hand, owners[i]);
		assert_ok(&hand, db_run(&hand.w, NULL, gone[i], V_NULL()));
		see_anew(&hand);
		look(&hand);
		assert_int_equal(there.hits, 0);
		assert_string_equal(row_of(&hand, owners[i]).xml, text_of(hand.arena, owners[i], "old"));
		assert_ok(&hand, db_run(&hand.w, NULL, back, V_NULL()));
		end(&hand);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_new_is_taken_and_told),
		cmocka_unit_test(what_is_the_same_moves_on_untold),
		cmocka_unit_test(what_is_wrong_leaves_what_is_there_and_is_told_once),
		cmocka_unit_test(who_has_no_address_any_more_is_left_alone),
	};

	make_certificates(NULL);
	listen_there();
	int failed = run_on_engines(tests, COUNT(tests));

	leave_there();
	drop_certificates(NULL);
	return failed;
}
