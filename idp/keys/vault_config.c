/* vault_config.c: where the master key comes from: its text in the settings, or a file that only
 * its owner can read and that is made once. */
#include "base/base.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "keys/seal.h"
#include "keys/secret.h"

enum { KEY = 32, HEX_TEXT = 64, TEXT_MAX = 128 };

struct key_text {
	char at[TEXT_MAX + 1];
};

static void key_text_wipe(struct key_text *text)
{
	wipe(text, sizeof *text);
}

static void close_file(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* everything that mattered was read, or synced before */
}

static enum err refuse(char *message, size_t size, const char *format, ...) PRINTF(3, 4);
static enum err refuse(char *message, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, size, format, args); /* cut where it does not fit: it is for people */
	va_end(args);
	return ERR_CONFIG;
}

static bool read_hex(const char *text, uint8_t out[KEY])
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";

	if (strlen(text) != HEX_TEXT || strspn(text, digits) != HEX_TEXT)
		return false;
	for (size_t i = 0; i < KEY; i++) {
		size_t high = (size_t)(strchr(digits, text[2 * i]) - digits) % 16;
		size_t low = (size_t)(strchr(digits, text[2 * i + 1]) - digits) % 16;

		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool read_base64url(const char *text, uint8_t out[KEY])
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct bytes bytes;

	if (!base64url_decode(arena, text, strlen(text), &bytes) || bytes.size != KEY)
		return false;
	memcpy(out, bytes.at, KEY);
	bytes_wipe(bytes); /* what was decoded lies in the arena */
	return true;
}

/* Thirty-two times the same byte is an example, not a key. */
static bool is_one_byte(const uint8_t key[KEY])
{
	return memcmp(key, key + 1, KEY - 1) == 0;
}

static enum err open_text(const char *text, const char *from, struct vault **out, char *message, size_t size)
{
	uint8_t key[KEY] = { 0 };
	enum err err = OK;

	if (!read_hex(text, key) && !read_base64url(text, key))
		err = refuse(message, size, "%s is not 32 bytes as base64url (43 characters) or hex (64)",
			     from);
	else if (is_one_byte(key))
		err = refuse(message, size, "%s is not random: make one with `openssl rand -hex 32`", from);
	else
		*out = vault_open((struct bytes){ key, KEY });
	wipe(key, sizeof key);
	return err;
}

/* Written beside and linked into place: of several starters one file wins, and nobody ever sees
 * half of it. */
static bool write_and_link(int fd, const char *draft, const char *file)
{
	AUTO(secret_wipe) struct secret secret = secret_new();
	size_t size = strlen(secret.text);

	secret.text[size++] = '\n';
	if (write(fd, secret.text, size) != (ssize_t)size || fsync(fd) != 0)
		return false;
	return link(draft, file) == 0 || errno == EEXIST;
}

static bool sync_folder_of(struct arena *arena, const char *file)
{
	char *folder = arena_text(arena, file);
	char *slash = strrchr(folder, '/');

	if (slash)
		slash[slash == folder] = '\0';
	AUTO(close_file) int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && fsync(fd) == 0;
}

static enum err make_file(const char *file, char *message, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	char *draft = arena_print(arena, "%s.%s", file, id_random(arena, "new"));
	AUTO(close_file) int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return refuse(message, size, "cannot make the master key file %s: %s", file, strerror(errno));
	bool done = fchmod(fd, 0600) == 0 && write_and_link(fd, draft, file) && sync_folder_of(arena, file);
	int why = errno;

	(void)unlink(draft); /* the file itself is linked by now, or there is none */
	if (!done)
		return refuse(message, size, "cannot write the master key file %s: %s", file, strerror(why));
	return OK;
}

static enum err check_file(int fd, const char *file, char *message, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return refuse(message, size, "the master key file %s is not a plain file", file);
	if (st.st_mode & 0077)
		return refuse(message, size, "the master key file %s can be reached by others: chmod 600 %s",
			      file, file);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return refuse(message, size, "the master key file %s belongs to another user", file);
	if (st.st_size > TEXT_MAX)
		return refuse(message, size, "the master key file %s is too long for a key", file);
	return OK;
}

static enum err read_file(int fd, const char *file, struct vault **out, char *message, size_t size)
{
	AUTO(key_text_wipe) struct key_text text = { 0 };

	TRY(check_file(fd, file, message, size));
	ssize_t got = read(fd, text.at, TEXT_MAX);

	if (got < 0)
		return refuse(message, size, "cannot read the master key file %s: %s", file, strerror(errno));
	while (got > 0 && strchr("\r\n\t ", text.at[got - 1]))
		text.at[--got] = '\0';
	return open_text(text.at, file, out, message, size);
}

enum err vault_open_config(const char *key_text, const char *key_file, bool may_create, struct vault **out,
			   char *message, size_t message_size)
{
	if (!text_is_empty(key_text))
		return open_text(key_text, "the master key", out, message, message_size);
	if (text_is_empty(key_file))
		return refuse(message, message_size,
			      "there is no master key: set master_key or master_key_file");
	if (may_create && access(key_file, F_OK) != 0 && errno == ENOENT)
		TRY(make_file(key_file, message, message_size));
	AUTO(close_file) int fd = open(key_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return refuse(message, message_size, "cannot open the master key file %s: %s", key_file,
			      strerror(errno));
	return read_file(fd, key_file, out, message, message_size);
}
