/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trace process: reads the flight recorder and prints it as lines (trace_code.h) on its
 * console, when it is asked. It has the rings read-only and nothing else of anybody's, so it
 * disturbs nobody: it asks the kernel for nothing but to wait, it is meant to be the lowest
 * thread of its CPU, and the console gives it its share of the terminal and no more.
 *
 *	dump      what the rings hold now
 *	follow    that, and then what comes, until
 *	stop
 *
 * A snapshot of all CPUs is taken before the first line is printed: printing is itself an event.
 */
#include "abi/status.h"
#include "user/lib/channel_io.h"
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"
#include "user/services/trace_code.h"
#include "user/services/trace_reader.h"

PROGRAM_RECORD("trace", PROGRAM_FLAG_RECORDER);

#define TRACE_FOLLOW_US 5000u /* between two looks at the rings */
#define TRACE_ROOM_US   5000u /* and at the console's ring, when there is no room in it */
#define COMMAND_BYTES   32u

static struct trace_reader readers[CPU_MAX];
static struct trace_record records[CPU_MAX][TRACE_EVENTS];
static struct trace_pass passes[CPU_MAX];
static char command[COMMAND_BYTES];
static uint32_t command_length;
static uint32_t lines; /* of this dump */

static const struct trace_thread *trace_thread_at(uint32_t index)
{
	return (const struct trace_thread *)info_get()->trace_threads + index;
}

static void trace_snapshot(void)
{
	for (uint32_t i = 0u; i < info_get()->trace_cpu_count; i++)
		passes[i] = trace_reader_pass(&readers[i], records[i]);
}

/*
 * A line is printed whole, however long the console takes: this process has nothing to miss but
 * events, and those it counts. The console says when it has read from a full ring only.
 */
static void trace_put(const char *line, size_t length)
{
	lines++;
	while (channel_room(console_channel()) < length)
		(void)svc_wait(UINT64_MAX, clock_now() + clock_ticks_from_us(TRACE_ROOM_US));
	(void)channel_write(console_channel(), line, (uint32_t)length);
}

static void trace_put_cpu(uint32_t cpu)
{
	const struct trace_pass *pass = &passes[cpu];
	char line[TRACE_LINE_BYTES];

	if (pass->lost != 0u)
		trace_put(line, trace_line_lost(line, cpu, pass->first - pass->lost, pass->lost));
	for (uint32_t at = 0u; at < pass->count;) {
		uint32_t count = pass->count - at;
		size_t length =
			trace_line_events(line, cpu, pass->first + at, &records[cpu][at], &count);

		trace_put(line, length);
		at += count;
	}
}

static void trace_put_all(void)
{
	for (uint32_t i = 0u; i < info_get()->trace_cpu_count; i++)
		trace_put_cpu(i);
}

/* All that the rings hold: a reader that starts anew. */
static void trace_begin(void)
{
	const struct process_info *info = info_get();
	const struct trace_ring *rings = (const struct trace_ring *)info->trace_rings;
	char line[TRACE_LINE_BYTES];
	uint64_t now;

	for (uint32_t i = 0u; i < info->trace_cpu_count; i++)
		trace_reader_open(&readers[i], &rings[i]);
	trace_snapshot();
	now = clock_now();
	lines = 0u;
	trace_put(line,
	          trace_line_begin(line, clock_ticks_per_second(), info->trace_cpu_count, now));
	for (uint32_t i = 0u; i < info->trace_thread_count; i++)
		trace_put(line, trace_line_name(line, trace_thread_at(i)));
	trace_put_all();
}

static void trace_end(void)
{
	char line[TRACE_LINE_BYTES];

	trace_put(line, trace_line_end(line, lines + 1u));
}

/* Obeys the line that was typed; true: follow from now on. */
static bool trace_command(bool follows)
{
	command[command_length] = '\0';
	command_length = 0u;
	if (follows)
		trace_end();
	if (strcmp(command, "dump") == 0 || strcmp(command, "follow") == 0) {
		trace_begin();
		if (command[0] == 'f')
			return true;
		trace_end();
	} else if (strcmp(command, "stop") != 0) {
		console_puts("trace: dump, follow or stop\n");
	}
	return false;
}

static bool trace_type(bool follows)
{
	char byte;

	while (channel_read(console_channel(), &byte, 1u) != 0u) {
		if (byte == '\r' || byte == '\n') {
			if (command_length != 0u)
				follows = trace_command(follows);
		} else if (command_length < COMMAND_BYTES - 1u) {
			command[command_length++] = byte;
		}
	}
	return follows;
}

int main(unsigned thread)
{
	const struct process_info *info = info_get();
	bool follows = false;

	(void)thread;
	if (info->trace_rings == 0u || info->trace_cpu_count > CPU_MAX)
		svc_exit(EXIT_REASON_FAILED, 0u);
	console_open();
	console_print("trace: %u CPUs, %u events each; dump, follow or stop\n",
	              info->trace_cpu_count, TRACE_READ);
	for (;;) {
		follows = trace_type(follows);
		if (follows) {
			trace_snapshot();
			trace_put_all();
		}
		(void)svc_wait(UINT64_MAX,
		               follows ? clock_now() + clock_ticks_from_us(TRACE_FOLLOW_US)
		                       : UINT64_MAX);
	}
}
