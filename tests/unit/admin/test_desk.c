/* test_desk.c: the administration socket answers its owner, in bounds, and nobody else. */
#include "tests/unit/admin/clinic.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct clinic clinic;
static struct desk *desk;
static char path[100];

static int fresh(void **state)
{
	char message[300] = "";

	(void)state;
	clinic_demo(&clinic);
	snprintf(path, sizeof path, "%s/admin.sock", clinic.folder);
	desk = desk_start(&clinic.app, path, message, sizeof message);
	if (!desk)
		fail_msg("%s", message);
	return 0;
}

static int gone(void **state)
{
	(void)state;
	desk_stop(desk);
	clinic_close(&clinic);
	return 0;
}

static json_t *ask(const char *noun, const char *verb, json_t *arguments)
{
	AUTO(json_done)
	json_t *request = json_pack("{s:s, s:s?, s:o}", "noun", noun, "verb", verb, "arguments", arguments);
	json_t *answer = NULL;

	assert_true(desk_ask(path, request, &answer));
	return answer;
}

static int code_of(json_t *answer)
{
	int code = (int)json_get_int(answer, "code", -1);

	json_decref(answer);
	return code;
}

static void it_answers_with_code_message_and_result(void **state)
{
	AUTO(json_done)
	json_t *answer = ask("user", "show", json_pack("{s:s}", "user", "ada@northside.example"));

	(void)state;
	assert_int_equal(json_get_int(answer, "code", -1), EXIT_OK);
	assert_string_equal(json_get_text(json_object_get(answer, "result"), "name"), "Ada Okafor");
	AUTO(json_done)
	json_t *missing = ask("user", "show", json_pack("{s:s}", "user", "nobody@northside.example"));

	assert_int_equal(json_get_int(missing, "code", -1), EXIT_NOT_FOUND);
	assert_string_equal(json_get_text(missing, "message"), "there is no nobody@northside.example");
}

static void what_it_changes_is_seen_by_the_next_command(void **state)
{
	(void)state;
	assert_int_equal(code_of(ask("location", "add",
				     json_pack("{s:s, s:s, s:s}", "location", "lake", "practice", "northside",
					       "name", "Lake"))),
			 EXIT_OK);
	assert_int_equal(code_of(ask("location", "add",
				     json_pack("{s:s, s:s, s:s}", "location", "lake", "practice", "northside",
					       "name", "Lake"))),
			 EXIT_CONFLICT);
	assert_int_equal(clinic_do(&clinic, "location", "archive",
				   json_pack("{s:s, s:s}", "location", "lake", "practice", "northside"),
				   NULL),
			 EXIT_OK);
}

static void what_is_not_a_command_is_a_usage_mistake(void **state)
{
	(void)state;
	assert_int_equal(code_of(ask("user", "fly", json_object())), EXIT_USAGE);
	assert_int_equal(code_of(ask("nothing", NULL, json_object())), EXIT_USAGE);
	assert_int_equal(code_of(ask("user", "show", json_object())), EXIT_USAGE);
	assert_int_equal(code_of(ask("user", "show", json_pack("{s:i}", "user", 7))), EXIT_USAGE);
	assert_int_equal(
		code_of(ask("user", "show",
			    json_pack("{s:s, s:s}", "user", "ada@northside.example", "also", "this"))),
		EXIT_USAGE);
	assert_int_equal(code_of(ask("user", "show", json_array())), EXIT_USAGE);
}

static int knock(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void hostile_frames_are_closed_without_an_answer(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} frames[] = {
		{ "\xff\xff\xff\xff{}", 6 }, { "\0\0\0\0", 4 },        { "\0\x80\0\1{}", 6 },
		{ "\0\0\0\2{]", 6 },         { "\0\0\0\5\"\\u00", 9 }, { "\0\0\0\xd{\"a\":1,\"a\":2}", 17 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(frames); i++) {
		char answer[8];
		int fd = knock();
		assert_true(fd >= 0);
		assert_int_equal(send(fd, frames[i].bytes, frames[i].size, MSG_NOSIGNAL), frames[i].size);
		assert_true(shutdown(fd, SHUT_WR) == 0 || errno == ENOTCONN);
		assert_true(recv(fd, answer, sizeof answer, 0) <= 0);
		close(fd);
	}
	assert_int_equal(code_of(ask("practice", "list", json_object())), EXIT_OK);
}

static void its_mode_lets_nobody_else_in(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* Even with the file's mode wide open the kernel says who is there; only root can try that. */
static void another_user_is_refused_by_the_kernels_word(void **state)
{
	int status = 0, out[2];
	char heard = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe(out), 0);
	assert_int_equal(chmod(clinic.folder, 0755) | chmod(path, 0666), 0);
	pid_t child = fork();

	if (child == 0) {
		char answer[8];
		int fd = setgid(65534) == 0 && setuid(65534) == 0 ? knock() : -1;
		static const char frame[] = "\0\0\0\x3a{\"noun\":\"practice\",\"verb\":\"list\","
					    "\"arguments\":{},\"pad\":\"abc\"}";
		bool sent = fd >= 0 && send(fd, frame, sizeof frame - 1, MSG_NOSIGNAL) > 0;
		char verdict = fd < 0 ? 'x' : sent && recv(fd, answer, sizeof answer, 0) > 0 ? 'a' : 'r';
		bool told = write(out[1], &verdict, 1) == 1;
		/* Not by an exit: memcheck would count there what the server's threads hold in the parent. */
		(void)raise(told ? SIGKILL : SIGABRT);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(chmod(path, 0600), 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(read(out[0], &heard, 1), 1);
	assert_int_equal(close(out[0]) | close(out[1]), 0);
	assert_int_equal(heard, 'r'); /* r: refused, a: answered, x: never in */
}

static void a_second_server_is_refused_and_a_dead_ones_socket_is_taken(void **state)
{
	char message[300] = "", other[100];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_null(desk_start(&clinic.app, path, message, sizeof message));
	assert_non_null(strstr(message, "another server listens there"));
	snprintf(other, sizeof other, "%s/dead.sock", clinic.folder);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", other);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd); /* the file stays, as after kill -9 */
	struct desk *second = desk_start(&clinic.app, other, message, sizeof message);

	assert_non_null(second);
	desk_stop(second);
	assert_int_not_equal(access(other, F_OK), 0);
}

static void a_file_in_its_place_is_not_removed(void **state)
{
	char message[300] = "", other[120];

	(void)state;
	snprintf(other, sizeof other, "%s/precious", clinic.folder);
	FILE *file = fopen(other, "we");

	assert_non_null(file);
	fclose(file);
	assert_null(desk_start(&clinic.app, other, message, sizeof message));
	assert_int_equal(unlink(other), 0);
}

static void nobody_listening_is_told_apart(void **state)
{
	json_t *answer = NULL;
	AUTO(json_done) json_t *request = json_object();

	(void)state;
	assert_false(desk_ask("/nonexistent/admin.sock", request, &answer));
	assert_null(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_answers_with_code_message_and_result),
		cmocka_unit_test(what_it_changes_is_seen_by_the_next_command),
		cmocka_unit_test(what_is_not_a_command_is_a_usage_mistake),
		cmocka_unit_test(hostile_frames_are_closed_without_an_answer),
		cmocka_unit_test(its_mode_lets_nobody_else_in),
		cmocka_unit_test(another_user_is_refused_by_the_kernels_word),
		cmocka_unit_test(a_second_server_is_refused_and_a_dead_ones_socket_is_taken),
		cmocka_unit_test(a_file_in_its_place_is_not_removed),
		cmocka_unit_test(nobody_listening_is_told_apart),
	};

	return cmocka_run_group_tests(tests, fresh, gone);
}
