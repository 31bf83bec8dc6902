/* clock.c: now, and the texts of time (RFC 3339, RFC 9110 5.6.7). */
#include "base/base.h"

#include <stdatomic.h>

#include "base/arena.h"
#include "base/clock.h"

#define MICRO INT64_C(1000000)
#define DAY   INT64_C(86400)

static _Atomic int64_t offset_us;
static _Atomic int64_t frozen_us; /* 0: the clock runs */

static int64_t read_us(clockid_t id)
{
	struct timespec now;
	int failed = clock_gettime(id, &now);

	assert(failed == 0);
	return (int64_t)now.tv_sec * MICRO + now.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
	int64_t frozen = atomic_load_explicit(&frozen_us, memory_order_relaxed);

	if (frozen != 0)
		return frozen;
	return read_us(CLOCK_REALTIME) + atomic_load_explicit(&offset_us, memory_order_relaxed);
}

int64_t clock_monotonic_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

void clock_set_offset_us(int64_t offset)
{
	atomic_store_explicit(&offset_us, offset, memory_order_relaxed);
}

void clock_freeze_us(int64_t now)
{
	atomic_store_explicit(&frozen_us, now, memory_order_relaxed);
}

static struct tm parts_of(int64_t seconds)
{
	time_t at = (time_t)seconds;
	struct tm parts;
	const struct tm *done = gmtime_r(&at, &parts);

	assert(done != NULL);
	return parts;
}

char *clock_rfc3339(struct arena *arena, int64_t seconds)
{
	struct tm t = parts_of(seconds);

	return arena_print(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
			   t.tm_hour, t.tm_min, t.tm_sec);
}

char *clock_rfc3339_us(struct arena *arena, int64_t microseconds)
{
	int64_t rest = microseconds % MICRO, seconds = microseconds / MICRO;

	if (rest < 0) {
		rest += MICRO;
		seconds--;
	}
	struct tm t = parts_of(seconds);

	return arena_print(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%06" PRId64 "Z", t.tm_year + 1900,
			   t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, rest);
}

char *clock_http_date(struct arena *arena, int64_t seconds)
{
	/* Not strftime: its names follow the locale, these must not. */
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm t = parts_of(seconds);

	return arena_print(arena, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday,
			   months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* Exactly this many digits, within the range; moves on. */
static bool number(const char **at, int digits, int min, int max, int *out)
{
	int value = 0;

	for (int i = 0; i < digits; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		value = value * 10 + (**at - '0');
	}
	*out = value;
	return value >= min && value <= max;
}

static bool letter(const char **at, char expected)
{
	if (**at != expected && !(expected >= 'A' && **at == expected + ('a' - 'A')))
		return false;
	(*at)++;
	return true;
}

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool date(const char **at, struct tm *t)
{
	int year = 0, month = 0, day = 0;

	if (!number(at, 4, 1, 9999, &year) || !letter(at, '-') || !number(at, 2, 1, 12, &month) ||
	    !letter(at, '-') || !number(at, 2, 1, days_in(year, month), &day))
		return false;
	*t = (struct tm){ .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
	return true;
}

/* HH:MM:SS and a fraction that is dropped. Second 60 has no place in unix time and is refused. */
static bool time_of_day(const char **at, struct tm *t)
{
	if (!number(at, 2, 0, 23, &t->tm_hour) || !letter(at, ':') || !number(at, 2, 0, 59, &t->tm_min) ||
	    !letter(at, ':') || !number(at, 2, 0, 59, &t->tm_sec))
		return false;
	if (**at != '.')
		return true;
	size_t digits = strspn(++*at, "0123456789");

	*at += digits;
	return digits >= 1 && digits <= 9;
}

/* Z or +HH:MM / -HH:MM. */
static bool zone(const char **at, int *seconds)
{
	int hours = 0, minutes = 0;

	if (letter(at, 'Z'))
		return true;
	int sign = **at == '+' ? 1 : -1;

	if (**at != '+' && **at != '-')
		return false;
	(*at)++;
	if (!number(at, 2, 0, 23, &hours) || !letter(at, ':') || !number(at, 2, 0, 59, &minutes))
		return false;
	*seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool clock_parse(const char *text, bool end_of_day, int64_t *seconds)
{
	struct tm t;
	int ahead = 0;

	if (!date(&text, &t))
		return false;
	if (*text == '\0') {
		*seconds = (int64_t)timegm(&t) + (end_of_day ? DAY : 0);
		return true;
	}
	if (!letter(&text, 'T') || !time_of_day(&text, &t) || !zone(&text, &ahead) || *text != '\0')
		return false;
	*seconds = (int64_t)timegm(&t) - ahead;
	return true;
}
