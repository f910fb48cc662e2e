// Both threads at once, as fast as they can: no frame is ever another's. Built with -fsanitize=thread it
// also shows that there is no data race.
#include <atomic>
#include <thread>

#include "check.hpp"
#include "core_support.hpp"

using namespace anacrusis;
using namespace core_support;

namespace {

void a_writer_and_a_reader_at_full_speed_never_mix_up_a_frame() {
    Rig rig(48'000.0, 4'096);
    Host host{Song(48'000.0, 121.0)};
    std::atomic<bool> over{false};
    std::thread net([&] {
        Engine engine(*rig.audio, watermarks());
        engine.reach_frames = 30'000;
        std::mt19937 random(1);
        while (!over.load()) {
            engine.listen();
            engine.send(static_cast<std::int64_t>(random() % 20'000));
            rig.audio->ring().frames_ahead(engine.last.epoch, 2'000);
            rig.audio->touch(static_cast<int>(random() % 13), random() % 2 == 0);
            set(*rig.shared, Control::denoise, static_cast<float>(random() % 100) / 100.0F);
            if (random() % 500 == 0) {
                rig.shared->new_epoch_wanted.store(true);
            }
            std::this_thread::yield();
        }
    });
    std::mt19937 random(2);
    Ear ear(rig);
    Heard all;
    std::uint32_t epoch = 0;
    for (int blocks = 0; blocks < 20'000; ++blocks) {
        if (random() % 100 == 0) {
            host.sample = static_cast<std::int64_t>(random() % 1'000'000);
        } else if (random() % 300 == 0) {
            host.playing = !host.playing;
            ear.cut();
        }
        const std::uint32_t frames = 1 + random() % 700;
        rig.run(host.time(), frames);
        if (rig.audio->epochs().newest() != epoch) {
            epoch = rig.audio->epochs().newest();
            ear.cut();
        }
        add(all, ear.listen(host.pass(frames), host.playing));
        if (blocks % 8 == 0) {
            std::this_thread::yield();
        }
    }
    over.store(true);
    net.join();
    CHECK(all.wrong == 0);
    CHECK(all.wet > 100'000 && all.dry > 100'000);
    std::printf("%lld wet, %lld dry, %lld fading, %u epochs\n", static_cast<long long>(all.wet),
                static_cast<long long>(all.dry), static_cast<long long>(all.fading), epoch);
}

void a_queue_between_two_threads_loses_and_doubles_nothing() {
    SpscQueue<std::uint64_t> queue;
    InputRing input;
    queue.prepare(64);
    input.prepare();
    constexpr std::uint64_t kItems = 300'000;
    std::thread pusher([&] {
        for (std::uint64_t item = 0; item < kItems;) {
            const auto value = static_cast<float>(item % 65'536);
            if (queue.free_slots() > 0 && input.push(&value, &value, 1) && queue.try_push(item)) {
                ++item;
            } else {
                std::this_thread::yield();
            }
        }
    });
    bool in_order = true;
    for (std::uint64_t expected = 0; expected < kItems;) {
        std::uint64_t item = 0;
        if (!queue.try_pop(item)) {
            std::this_thread::yield();
            continue;
        }
        float frame[2] = {-1.0F, -1.0F};
        in_order = in_order && item == expected && input.pop(frame, 1) == 1 &&
                   frame[0] == static_cast<float>(item % 65'536);
        ++expected;
    }
    pusher.join();
    CHECK(in_order);
}

}  // namespace

int main() {
    a_writer_and_a_reader_at_full_speed_never_mix_up_a_frame();
    a_queue_between_two_threads_loses_and_doubles_nothing();
    return check::finish();
}
