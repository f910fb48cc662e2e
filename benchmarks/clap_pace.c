/* Drives a CLAP plugin as a host's audio thread does: a block each block's time, each one timed.
   Built by bench_plugin.py with the standard's headers. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "clap/process.h"
#include "clap/plugin.h"

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sleep_until(int64_t at_ns) {
    const struct timespec t = {at_ns / 1000000000LL, at_ns % 1000000000LL};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) {}
}

/* Asks for the priority of an audio thread; 1 where it was given. */
int as_audio_thread(void) {
    const struct sched_param urgent = {.sched_priority = 70};
    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &urgent) == 0;
}

void as_any_thread(void) {
    const struct sched_param plain = {.sched_priority = 0};
    pthread_setschedparam(pthread_self(), SCHED_OTHER, &plain);
}

/* Plays `blocks` blocks of `frames` frames from song frame `first` on; took_ns gets what each process()
   took, late_ns how much later than due it was called. process->transport is moved on. */
void pace(const clap_plugin_t* plugin, clap_process_t* process, int64_t first, int blocks, double rate_hz,
          double bpm, int64_t* took_ns, int64_t* late_ns) {
    clap_event_transport_t* const transport = (clap_event_transport_t*)process->transport;
    const int64_t start_ns = now_ns();
    for (int i = 0; i < blocks; ++i) {
        const int64_t frame = first + (int64_t)i * process->frames_count;
        const double seconds = (double)frame / rate_hz, beats = seconds * bpm / 60.0;
        transport->song_pos_seconds = (int64_t)(seconds * CLAP_SECTIME_FACTOR + 0.5);
        transport->song_pos_beats = (int64_t)(beats * CLAP_BEATTIME_FACTOR + 0.5);
        transport->bar_number = (int32_t)(beats / 4.0);
        transport->bar_start = (int64_t)transport->bar_number * 4 * CLAP_BEATTIME_FACTOR;
        process->steady_time = frame;
        const int64_t due_ns = start_ns + (int64_t)((double)i * process->frames_count * 1e9 / rate_hz);
        sleep_until(due_ns);
        const int64_t before = now_ns();
        plugin->process(plugin, process);
        took_ns[i] = now_ns() - before;
        late_ns[i] = before - due_ns;
    }
}
