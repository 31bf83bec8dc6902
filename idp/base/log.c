/* log.c: one line per event on stderr, JSON for machines or short lines for people. */
#include "base/base.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define VALUE_MAX      (2 * KB)
#define LINE_MAX_BYTES (64 * KB)

static const char *const level_words[] = {
	[LOG_ERROR_] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"
};

/* The one sink of the process; set once at the start. */
static _Atomic int wanted = LOG_INFO;
static _Atomic bool for_people;
static pthread_mutex_t one_line = PTHREAD_MUTEX_INITIALIZER;

void log_open(enum log_level level, bool text_for_people)
{
	wanted = (int)level;
	for_people = text_for_people;
}

bool log_wants(enum log_level level)
{
	return (int)level <= wanted;
}

/* Control characters and bad UTF-8 are replaced by text_add_bounded: what is left to escape is two. */
static void add_quoted(struct buf *line, const char *text)
{
	AUTO_BUF bounded = BUF(VALUE_MAX + 64);

	text_add_bounded(&bounded, text, strlen(text), VALUE_MAX);
	buf_char(line, '"');
	for (const char *at = buf_str(&bounded); *at != '\0';) {
		size_t plain = strcspn(at, "\"\\");

		buf_add(line, at, plain);
		at += plain;
		if (*at != '\0') {
			buf_char(line, '\\');
			buf_char(line, *at++);
		}
	}
	buf_char(line, '"');
}

static bool is_bare(const char *text)
{
	size_t size = strlen(text);

	for (size_t i = 0; i < size; i++) {
		if (text[i] <= ' ' || text[i] >= 0x7F || strchr("\"\\=", text[i]) != NULL)
			return false;
	}
	return size > 0 && size <= VALUE_MAX;
}

/* A pair that no longer fits is left out whole: the line stays readable and is never lost. */
static void add_pair(struct buf *line, const char *name, const char *value)
{
	size_t before = line->size;

	if (value == NULL)
		return;
	buf_print(line, for_people ? " %s=" : ",\"%s\":", name);
	if (for_people && is_bare(value))
		buf_text(line, value);
	else
		add_quoted(line, value);
	if (line->full) {
		line->size = before;
		line->full = false;
	}
}

static void begin_line(struct buf *line, enum log_level level, const char *event)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const char *now = clock_rfc3339_us(arena, clock_now_us());

	if (for_people)
		buf_print(line, "%.8s %-5s %s", now + strlen("2026-11-21T"), level_words[level], event);
	else
		buf_print(line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", now, level_words[level],
			  event);
}

/* Nobody is left to be told when stderr cannot be written: the line is lost, the work goes on. */
static void write_line(const char *data, size_t size)
{
	pthread_mutex_lock(&one_line);
	while (size > 0) {
		ssize_t written = write(STDERR_FILENO, data, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			break;
		data += written;
		size -= (size_t)written;
	}
	pthread_mutex_unlock(&one_line);
}

static void end_line(struct buf *line)
{
	line->ceiling += 2; /* kept back for the end */
	buf_text(line, for_people ? "\n" : "}\n");
	write_line(line->data, line->size);
}

void log_event(enum log_level level, const char *event, ...)
{
	AUTO_BUF line = BUF(LINE_MAX_BYTES);
	va_list args;

	if (!log_wants(level))
		return;
	begin_line(&line, level, event);
	va_start(args, event);
	for (const char *name = va_arg(args, const char *); name != NULL; name = va_arg(args, const char *))
		add_pair(&line, name, va_arg(args, const char *));
	va_end(args);
	end_line(&line);
}

void log_print(enum log_level level, const char *event, const char *format, ...)
{
	AUTO(arena_done) struct arena *arena = NULL;
	va_list args;

	if (!log_wants(level))
		return;
	arena = arena_new();
	va_start(args, format);
	log_event(level, event, "message", arena_vprint(arena, format, args), NULL);
	va_end(args);
}
