// Offline: the only time that the audio thread waits, for what, and for how long.
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "check.hpp"
#include "core/patience.hpp"
#include "core_support.hpp"

using namespace anacrusis;
using namespace core_support;

namespace {

thread_local std::int64_t naps = 0;

}  // namespace

/// In place of the C library's, so that a thread's naps can be counted.
extern "C" int clock_nanosleep(clockid_t clock, int flags, const timespec* length, timespec* rest) {
    ++naps;
    return syscall(SYS_clock_nanosleep, clock, flags, length, rest) == 0 ? 0 : 1;
}

namespace {

double seconds_of(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// How often this thread naps in it.
std::int64_t naps_of(const std::function<void()>& work) {
    const std::int64_t before = naps;
    work();
    return naps - before;
}

/// A network thread with an engine behind it: takes records, says how the bounce goes, sends sound.
template <typename Sound>
class NetThread {
public:
    NetThread(Rig& rig, Sound sound) : rig_(rig), engine_(*rig.audio, std::move(sound)) {}
    ~NetThread() { stop(); }

    std::atomic<BounceState> state{BounceState::running};
    std::atomic<std::int64_t> frames_each{700};  // sent at a time; 0: none
    std::atomic<bool> lives{true};

    void start() {
        thread_ = std::thread([this] {
            while (!over_.load()) {
                engine_.listen();
                if (engine_.runs > 0) {
                    rig_.shared->bounce.store(bounce_word(engine_.last.epoch, state.load()));
                }
                if (state.load() == BounceState::running && frames_each.load() > 0) {
                    engine_.send(frames_each.load());
                }
                if (lives.load()) {
                    rig_.shared->signs_of_life.fetch_add(1);
                }
                std::this_thread::sleep_for(std::chrono::microseconds(300));
            }
        });
    }
    void stop() {
        over_.store(true);
        if (thread_.joinable()) {
            thread_.join();
        }
    }

private:
    Rig& rig_;
    Engine<Sound> engine_;
    std::atomic<bool> over_{false};
    std::thread thread_;
};

Host offline_host(double rate, std::int64_t sample = 0) {
    Host host{Song(rate)};
    host.playing = host.offline = true;
    host.sample = sample;
    return host;
}

/// Stands still until the network thread has listened and sent once from beginning to end.
void until_served(Rig& rig) {
    const std::uint32_t before = rig.shared->signs_of_life.load();
    while (rig.shared->signs_of_life.load() - before < 2) {
        std::this_thread::yield();
    }
}

/// Frames that are not as they should be: wet inside the range, dry outside, to the bit.
std::int64_t wrong_frames(Rig& rig, Host& host, std::uint32_t frames) {
    rig.run(host.time(), frames);
    const WetRange range = WetRange::of(*rig.shared);
    const std::vector<std::int64_t> places = host.pass(frames);
    std::int64_t wrong = 0;
    for (std::uint32_t i = 0; i < frames; ++i) {
        wrong += (range.has(places[i]) ? rig.wet_at(i, places[i]) : rig.dry_at(i)) ? 0 : 1;
    }
    return wrong;
}

void a_bounce_has_every_sample_from_the_first_on_and_its_ends_are_exact() {
    for (const std::uint32_t size : {64U, 1'023U, 8'192U}) {
        Rig rig(48'000.0, 8'192);
        rig.shared->wet_start.store(3'000);
        rig.shared->wet_end.store(60'001);
        Host host = offline_host(48'000.0, -1'024);
        NetThread net(rig, watermarks());
        net.start();
        std::int64_t wrong = 0;
        while (host.sample < 70'000) {
            wrong += wrong_frames(rig, host, size);
        }
        CHECK(wrong == 0 && !rig.shared->bounce_timed_out.load());
        CHECK(rig.shared->dropped_records.load() == 0);
    }
}

void a_bounce_that_follows_at_once_on_real_time_is_exact_too() {
    Rig rig(48'000.0);
    Host host = offline_host(48'000.0);
    NetThread net(rig, watermarks());
    net.start();
    for (int pass = 1; pass <= 4; ++pass) {
        host.offline = false;
        host.playing = true;
        std::int64_t last = 0;
        do {  // until it sounds
            rig.run(host.time(), 64);
            last = host.pass(64).back();
            until_served(rig);  // a host in real time does not outrun its engine
        } while (!rig.wet_at(63, last));
        set(*rig.shared, Control::bypass, 1.0F);  // a fade,
        rig.run(host.time(), 16);
        host.pass(16);
        set(*rig.shared, Control::bypass, 0.0F);  // and another back,
        host.playing = pass % 2 == 0;             // and a cut
        rig.run(host.time(), 16);
        host.pass(16);
        host.playing = host.offline = true;
        host.sample = 10'000 * pass;
        std::int64_t wrong = 0;
        for (int blocks = 0; blocks < 20; ++blocks) {
            wrong += wrong_frames(rig, host, 512);
        }
        CHECK(wrong == 0);
    }
}

void a_locate_in_a_bounce_is_waited_for_anew() {
    Rig rig(48'000.0);
    Host host = offline_host(48'000.0);
    NetThread net(rig, watermarks());
    net.start();
    std::int64_t wrong = 0;
    for (int locates = 0; locates < 10; ++locates) {
        host.sample = 30'000 * (locates % 3);
        for (int blocks = 0; blocks < 5; ++blocks) {
            wrong += wrong_frames(rig, host, 600);
        }
    }
    CHECK(wrong == 0 && rig.audio->epochs().newest() == 10);
}

void mode_bounce_and_wait_on_wait_in_real_time_too() {
    for (const auto& [control, value] : {std::pair{Control::mode, 2.0F}, std::pair{Control::wait, 1.0F}}) {
        Rig rig(48'000.0);
        set(*rig.shared, control, value);
        Host host = offline_host(48'000.0);
        host.offline = false;
        NetThread net(rig, watermarks());
        net.start();
        std::int64_t wrong = 0;
        for (int blocks = 0; blocks < 50; ++blocks) {
            wrong += wrong_frames(rig, host, 512);
        }
        CHECK(wrong == 0);
    }
}

void real_time_never_waits_whatever_the_network_thread_says() {
    for (const BounceState state : {BounceState::none, BounceState::preparing, BounceState::running,
                                    BounceState::dry, BounceState::failed}) {
        Rig rig(48'000.0);
        Host host{Song(48'000.0)};
        host.playing = true;
        rig.shared->bounce.store(bounce_word(1, state));
        CHECK(naps_of([&] {
                  for (int blocks = 0; blocks < 2'000; ++blocks) {
                      rig.run(host.time(), 64);
                      host.pass(64);
                  }
              }) == 0);
    }
}

void a_stopped_host_waits_for_nothing_offline() {
    Rig rig(48'000.0);
    Host host = offline_host(48'000.0);
    host.playing = false;
    CHECK(naps_of([&] {
              for (int blocks = 0; blocks < 100; ++blocks) {
                  rig.run(host.time(), 64);
              }
          }) == 0);
}

void what_lies_outside_a_known_range_or_before_the_song_is_not_waited_for() {
    for (const bool known : {true, false}) {
        Rig rig(48'000.0);
        rig.shared->wet_start.store(known ? 100'000 : kNowhere);
        rig.shared->wet_end.store(known ? 200'000 : kNowhere);
        Host host = offline_host(48'000.0, known ? 0 : -51'200);
        std::int64_t wrong = 0;
        CHECK(naps_of([&] {
                  for (int blocks = 0; blocks < 100; ++blocks) {
                      wrong += wrong_frames(rig, host, 512);
                  }
              }) == 0);
        CHECK(wrong == 0 && !rig.shared->bounce_timed_out.load());
    }
}

void a_pass_that_only_listens_is_dry_and_waits_for_nothing() {
    Rig rig(48'000.0);
    Host host = offline_host(48'000.0);
    NetThread net(rig, watermarks());
    net.state.store(BounceState::dry);
    net.start();
    rig.run(host.time(), 512);  // until the network thread has said so
    host.pass(512);
    std::int64_t dry = 0;
    CHECK(naps_of([&] {
              for (int blocks = 0; blocks < 200; ++blocks) {
                  rig.run(host.time(), 512);
                  host.pass(512);
                  dry += rig.dry_at(0) && rig.dry_at(511) ? 1 : 0;
              }
          }) == 0);
    CHECK(dry == 200);
}

void a_pass_that_only_listens_loses_no_input_however_fast_the_host_is() {
    Rig rig(48'000.0, 16'384);
    Host host = offline_host(48'000.0);
    rig.shared->bounce.store(bounce_word(1, BounceState::dry));
    for (int blocks = 0; blocks < 15; ++blocks) {  // nobody listens: nearly full
        rig.run(host.time(), 16'384);
        host.pass(16'384);
    }
    CHECK(rig.audio->epochs().newest() == 1 && rig.shared->dropped_records.load() == 0);
    Engine engine(*rig.audio, watermarks());
    std::atomic<bool> over{false};
    std::thread net([&] {
        while (!over.load()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            engine.listen();
        }
    });
    CHECK(naps_of([&] {
              for (int blocks = 0; blocks < 60; ++blocks) {
                  rig.run(host.time(), 16'384);
                  host.pass(16'384);
              }
          }) > 0);
    over.store(true);
    net.join();
    CHECK(rig.shared->dropped_records.load() == 0);
}

void a_bounce_waits_while_the_engine_prepares() {
    Rig rig(48'000.0);
    rig.shared->wet_start.store(kNowhere);  // and doesn't know yet what there is
    rig.shared->wet_end.store(kNowhere);
    Host host = offline_host(48'000.0);
    NetThread net(rig, watermarks());
    net.state.store(BounceState::preparing);
    net.start();
    std::thread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(150));
        rig.shared->wet_start.store(0);
        rig.shared->wet_end.store(kFar);
        net.state.store(BounceState::running);
    });
    std::int64_t wrong = 0;
    const double seconds = seconds_of([&] { wrong = wrong_frames(rig, host, 512); });
    later.join();
    CHECK(wrong == 0 && seconds > 0.12);
}

void an_engine_without_a_sign_of_life_costs_its_patience_once() {
    Rig rig(48'000.0);
    set(*rig.shared, Control::wait_s, 1.0F);
    Host host = offline_host(48'000.0);
    NetThread net(rig, watermarks());
    net.lives.store(false);
    net.start();
    for (int blocks = 0; blocks < 10; ++blocks) {
        CHECK(wrong_frames(rig, host, 512) == 0);
    }
    net.frames_each.store(0);  // hangs
    const double first = seconds_of([&] {
        for (int blocks = 0; blocks < 60; ++blocks) {  // what was sent before is heard to the end
            rig.run(host.time(), 512);
            host.pass(512);
        }
    });
    CHECK(first >= 0.8 && rig.shared->bounce_timed_out.load());
    rig.shared->bounce_timed_out.store(false);
    net.frames_each.store(4'096);  // and lives again: too late for this bounce
    const std::int64_t rest = naps_of([&] {
        for (int blocks = 0; blocks < 100; ++blocks) {
            rig.run(host.time(), 512);
            host.pass(512);
            CHECK(rig.dry_at(0) && rig.dry_at(511));
        }
    });
    CHECK(rest == 0 && !rig.shared->bounce_timed_out.load());
    host.playing = false;
    rig.run(host.time(), 512);
    host.playing = true;
    CHECK(wrong_frames(rig, host, 512) == 0);  // the next bounce waits, and has its sound
}

void a_sign_of_life_renews_the_patience() {
    Patience patience;
    patience.renew();
    patience.begin(0);
    CHECK(!patience.used_up(900, 0, 1'000));
    CHECK(!patience.used_up(1'800, 1, 1'000));
    CHECK(!patience.used_up(2'700, 1, 1'000));
    CHECK(patience.used_up(2'800, 1, 1'000));
}

void time_between_two_waits_costs_no_patience() {
    Patience patience;
    patience.renew();
    for (std::int64_t wait = 0; wait < 9; ++wait) {
        patience.begin(wait * 1'000'000);
        CHECK(!patience.used_up(wait * 1'000'000 + 100, 0, 1'000));
    }
    patience.begin(99'000'000);
    CHECK(patience.used_up(99'000'100, 0, 1'000));
}

void a_bounce_that_failed_is_heard_to_its_last_whole_block_and_is_dry_from_there() {
    Rig rig(48'000.0);
    Host host = offline_host(48'000.0);
    NetThread net(rig, watermarks());
    net.start();
    CHECK(wrong_frames(rig, host, 512) == 0);
    while (rig.audio->ring().frames_ahead(rig.audio->epochs().newest(), 8'000) < 8'000) {
        std::this_thread::yield();
    }
    net.state.store(BounceState::failed);
    while (bounce_state(rig.shared->bounce.load()) != BounceState::failed) {
        std::this_thread::yield();
    }
    int wet = 0, dry = 0;
    const std::int64_t waited = naps_of([&] {
        for (int blocks = 0; blocks < 200; ++blocks) {
            rig.run(host.time(), 512);
            const std::vector<std::int64_t> places = host.pass(512);
            wet += rig.wet_at(0, places[0]) && rig.wet_at(511, places[511]) ? 1 : 0;
            dry += rig.dry_at(511) ? 1 : 0;
        }
    });
    CHECK(wet + dry == 200 && wet >= 15 && dry > 0 && waited == 0);
    CHECK(rig.dry_at(0) && rig.dry_at(511) && !rig.shared->bounce_timed_out.load());
}

void a_word_for_another_epoch_is_no_word() {
    Rig rig(48'000.0);
    set(*rig.shared, Control::wait_s, 1.0F);
    for (const BounceState state : {BounceState::dry, BounceState::failed}) {
        rig.shared->bounce.store(bounce_word(77, state));
        Host host = offline_host(48'000.0, state == BounceState::dry ? 0 : 50'000);
        CHECK(seconds_of([&] { rig.run(host.time(), 512); }) >= 0.99);
        CHECK(rig.shared->bounce_timed_out.exchange(false));
    }
}

void nonsense_patience_is_the_least() {
    Rig rig(48'000.0);
    set(*rig.shared, Control::wait_s, std::nanf(""));
    Host host = offline_host(48'000.0);
    const double seconds = seconds_of([&] { rig.run(host.time(), 512); });
    CHECK(seconds >= 0.99 && seconds < 19.0);
}

}  // namespace

int main() {
    a_bounce_has_every_sample_from_the_first_on_and_its_ends_are_exact();
    a_bounce_that_follows_at_once_on_real_time_is_exact_too();
    a_locate_in_a_bounce_is_waited_for_anew();
    mode_bounce_and_wait_on_wait_in_real_time_too();
    real_time_never_waits_whatever_the_network_thread_says();
    a_stopped_host_waits_for_nothing_offline();
    what_lies_outside_a_known_range_or_before_the_song_is_not_waited_for();
    a_pass_that_only_listens_is_dry_and_waits_for_nothing();
    a_pass_that_only_listens_loses_no_input_however_fast_the_host_is();
    a_bounce_waits_while_the_engine_prepares();
    an_engine_without_a_sign_of_life_costs_its_patience_once();
    a_sign_of_life_renews_the_patience();
    time_between_two_waits_costs_no_patience();
    a_bounce_that_failed_is_heard_to_its_last_whole_block_and_is_dry_from_there();
    a_word_for_another_epoch_is_no_word();
    nonsense_patience_is_the_least();
    return check::finish();
}
