// Counts memory, locks and system calls inside run(), over a million blocks of 1 to 4096 frames: none.
//
//   realtime_count [--blocks N] [--clap PATH]
//
// Prints JSON; with --clap the same is done through the plugin's CLAP entry too. Exit code 0 only where
// every block asked for was played and nothing was counted.
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

#include "core_support.hpp"
#include "counted_calls.hpp"
#if ANACRUSIS_HAS_CLAP
#include "clap_host.hpp"
#endif

using namespace anacrusis;
using namespace core_support;

namespace {

constexpr double kRate = 48'000.0;
constexpr std::uint32_t kLargest = 4'096;

struct Tally {
    const char* through = "";
    std::uint64_t blocks = 0, frames = 0;
    double seconds = 0.0;
    counted::Calls calls;
};

Tally tally_of(const char* through) {
    Tally tally;
    tally.through = through;
    return tally;
}

/// A host that does all that a host does: plays, stops, locates, loops, changes tempo; sizes from 1 to
/// kLargest, each magnitude as often as the next.
class Session {
public:
    Session() : host_(Song(kRate, 97.0, 7, 8)) {}

    std::uint32_t next() {
        const unsigned dice = random_() % 400;
        if (dice == 0) {
            host_.sample = static_cast<std::int64_t>(random_() % 10'000'000) - 2'048;
        } else if (dice == 1) {
            host_.loop(host_.sample, host_.sample + 64 + static_cast<std::int64_t>(random_() % 60'000));
        } else if (dice == 2) {
            host_.looping = false;
        } else if (dice < 6) {
            host_.playing = !host_.playing || dice == 5;
        } else if (dice == 6) {
            host_.song = Song(kRate, 60.0 + static_cast<double>(random_() % 120), 5, 4);
        }
        const double share = static_cast<double>(random_() % 65'536) / 65'535.0;
        return static_cast<std::uint32_t>(std::lround(std::pow(static_cast<double>(kLargest), share)));
    }
    HostTime time() const { return host_.time(); }
    void pass(std::uint32_t frames) {
        std::int64_t left = host_.playing ? frames : 0;
        while (left > 0) {
            const bool loops = host_.looping && host_.sample < host_.loop_end;
            const std::int64_t step = loops ? std::min(left, host_.loop_end - host_.sample) : left;
            host_.sample += step;
            left -= step;
            host_.sample = loops && host_.sample == host_.loop_end ? host_.loop_start : host_.sample;
        }
    }
    unsigned dice(unsigned sides) { return static_cast<unsigned>(random_()) % sides; }

private:
    std::mt19937 random_{20};
    Host host_;
};

Tally through_audio_side(std::uint64_t blocks) {
    Tally tally = tally_of("AudioSide");
    Shared shared;
    set_defaults(shared);
    AudioSide audio(shared);
    audio.prepare(kRate, kLargest);
    Session session;
    Engine engine(audio, [](std::uint32_t, std::int64_t, float* frame) { frame[0] = frame[1] = 0.25F; });
    engine.reach_frames = 16'000;
    std::vector<float> in[2], out[2];
    for (int channel = 0; channel < 2; ++channel) {
        in[channel].assign(kLargest, -0.5F);
        out[channel].resize(kLargest);
    }
    std::uint64_t starving = 0, wet_blocks = 0;
    for (; tally.blocks < blocks; ++tally.blocks) {
        const std::uint32_t frames = session.next();
        const unsigned dice = session.dice(1'000);
        set(shared, Control::denoise, static_cast<float>(dice) / 1'000.0F);
        set(shared, Control::guidance_mode, static_cast<float>(dice / 400));
        if (dice < 20) {
            set(shared, Control::bypass, dice < 4 ? 1.0F : 0.0F);
            set(shared, Control::mode, dice % 10 == 0 ? 1.0F : 0.0F);
            audio.touch(static_cast<int>(dice), dice % 2 == 0);
        }
        starving = dice == 20 ? 100 : starving;
        shared.new_epoch_wanted.store(dice == 21);
        shared.enter_on_bar.store(dice == 22 || shared.enter_on_bar.load());
        shared.wet_end.store(dice == 23 ? 5'000'000 : dice < 30 ? kFar : shared.wet_end.load());
        const MidiMessage midi{dice % frames, {0x90, 60, 100}, 3};
        const HostTime time = session.time();
        const float* ins[2] = {in[0].data(), in[1].data()};
        float* outs[2] = {out[0].data(), out[1].data()};
        {
            const counted::Watch watch;
            audio.run(time, ins, outs, frames, &midi, dice % 5 == 0 ? 1 : 0);
        }
        session.pass(frames);
        tally.frames += frames;
        wet_blocks += out[0][0] == 0.25F ? 1 : 0;
        engine.listen();
        if (starving > 0) {
            --starving;
        } else if (dice % 4 == 0) {
            engine.send();
        }
    }
    if (wet_blocks < blocks / 6 || audio.epochs().newest() < blocks / 1'000) {
        throw std::runtime_error("too little happened: " + std::to_string(wet_blocks) + " wet blocks, " +
                                 std::to_string(audio.epochs().newest()) + " epochs");
    }
    return tally;
}

#if ANACRUSIS_HAS_CLAP
/// Whether a host may turn it here: those that make the plugin wait are left alone.
bool is_safe(const small_host::Parameter& parameter) {
    return parameter.name != kControls[index_of(Control::mode)].label &&
           parameter.name != kControls[index_of(Control::wait)].label;
}

Tally through_clap(std::uint64_t blocks, const std::string& path) {
    Tally tally = tally_of("CLAP");
    char folder[] = "/tmp/realtime_count.XXXXXX";
    if (mkdtemp(folder) == nullptr || setenv("XDG_CACHE_HOME", folder, 1) != 0) {
        throw std::runtime_error("no folder for the plugin's cache");
    }
    {
        const small_host::Plugin plugin(path, kRate, kLargest);
        std::vector<small_host::Parameter> parameters = plugin.parameters();
        parameters.erase(std::remove_if(parameters.begin(), parameters.end(),
                                        [](const auto& parameter) { return !is_safe(parameter); }),
                         parameters.end());
        if (parameters.size() < kEngineControlCount) {
            throw std::runtime_error("the plugin shows too few parameters");
        }
        Session session;
        small_host::Events events;
        std::vector<float> in(kLargest), left(kLargest), right(kLargest);
        small_host::Plugin::Block block;
        block.ins[0] = block.ins[1] = in.data();
        block.outs[0] = left.data();
        block.outs[1] = right.data();
        for (; tally.blocks < blocks; ++tally.blocks) {
            const std::uint32_t frames = session.next();
            const unsigned dice = session.dice(1'000);
            events.clear();
            if (dice < 300) {
                const small_host::Parameter& turned = parameters[dice % parameters.size()];
                const double share = static_cast<double>(dice) / 300.0;
                events.gesture(0, turned.id, dice % 2 == 0);
                events.value(0, turned.id, turned.minimum + share * (turned.maximum - turned.minimum));
                events.note(frames / 2, static_cast<std::int16_t>(dice % 128), dice % 3 != 0);
                events.value(frames - 1, turned.id, turned.maximum);
            }
            plugin.fill(block, session.time(), kRate, frames, events);
            clap_process_status status = CLAP_PROCESS_ERROR;
            {
                const counted::Watch watch;
                status = plugin.process(block);
            }
            if (status == CLAP_PROCESS_ERROR) {
                break;
            }
            session.pass(frames);
            tally.frames += frames;
        }
    }
    std::filesystem::remove_all(folder);
    return tally;
}
#endif

/// Whether each counter counts: a deliberate call of each kind.
bool counters_count() {
    const std::function<void()> deeds[] = {
        [] {
            void* volatile memory = std::malloc(10);
            std::free(memory);
        },
        [] {
            int* volatile number = new int(7);
            delete number;
        },
        [] {
            void* memory = nullptr;
            static_cast<void>(posix_memalign(&memory, 64, 64));
            std::free(memory);
        },
        [] {
            static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
            pthread_mutex_lock(&mutex);
            pthread_mutex_unlock(&mutex);
        },
        [] {
            static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
            pthread_cond_signal(&condition);
        },
        [] {
            static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
            pthread_rwlock_rdlock(&rwlock);
            pthread_rwlock_unlock(&rwlock);
        },
        [] {
            sem_t semaphore;
            sem_init(&semaphore, 0, 0);
            sem_post(&semaphore);
            sem_wait(&semaphore);
        },
        [] { syscall(SYS_gettid); },
        [] { close(open("/dev/null", O_RDONLY)); },
        [] { static_cast<void>(write(-1, "", 0)); },
    };
    const counted::Calls least[] = {{2, 0, 0}, {2, 0, 0}, {2, 0, 0}, {0, 2, 0}, {0, 1, 0},
                                    {0, 2, 0}, {0, 2, 0}, {0, 0, 1}, {0, 0, 2}, {0, 0, 1}};
    bool all = true;
    for (std::size_t i = 0; i < std::size(deeds); ++i) {
        counted::forget_calls();
        deeds[i]();
        const bool unwatched = counted::calls().all() == 0;
        {
            const counted::Watch watch;
            deeds[i]();
        }
        const counted::Calls calls = counted::calls();
        const bool counts = calls.allocations == least[i].allocations && calls.locks == least[i].locks &&
                            calls.syscalls == least[i].syscalls;
        if (!unwatched || !counts) {
            std::fprintf(stderr, "deed %zu: counted %llu allocations, %llu locks, %llu system calls\n", i,
                         static_cast<unsigned long long>(calls.allocations),
                         static_cast<unsigned long long>(calls.locks),
                         static_cast<unsigned long long>(calls.syscalls));
        }
        all = all && unwatched && counts;
    }
    counted::forget_calls();
    return all;
}

Tally timed(const std::function<Tally()>& work) {
    counted::forget_calls();
    const auto start = std::chrono::steady_clock::now();
    Tally tally = work();
    tally.calls = counted::calls();
    tally.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return tally;
}

void print_numbers(const Tally& tally) {
    std::printf("\"blocks\": %llu, \"frames\": %llu, \"allocations\": %llu, \"locks\": %llu, "
                "\"syscalls\": %llu, \"seconds\": %.2f",
                static_cast<unsigned long long>(tally.blocks), static_cast<unsigned long long>(tally.frames),
                static_cast<unsigned long long>(tally.calls.allocations),
                static_cast<unsigned long long>(tally.calls.locks),
                static_cast<unsigned long long>(tally.calls.syscalls), tally.seconds);
}

Tally sum_of(const std::vector<Tally>& tallies) {
    Tally sum = tally_of("all");
    for (const Tally& tally : tallies) {
        sum.blocks += tally.blocks;
        sum.frames += tally.frames;
        sum.seconds += tally.seconds;
        sum.calls.allocations += tally.calls.allocations;
        sum.calls.locks += tally.calls.locks;
        sum.calls.syscalls += tally.calls.syscalls;
    }
    return sum;
}

int count(std::uint64_t blocks, const std::string& clap_path) {
    if (!counters_count()) {
        std::fprintf(stderr, "the counters don't count\n");
        return 1;
    }
    std::vector<Tally> tallies{timed([&] { return through_audio_side(blocks); })};
    if (!clap_path.empty()) {
#if ANACRUSIS_HAS_CLAP
        tallies.push_back(timed([&] { return through_clap(blocks, clap_path); }));
#else
        std::fprintf(stderr, "built without the CLAP headers\n");
        return 1;
#endif
    }
    const Tally sum = sum_of(tallies);
    std::printf("{");
    print_numbers(sum);
    std::printf(", \"parts\": [");
    for (std::size_t i = 0; i < tallies.size(); ++i) {
        std::printf("%s{\"through\": \"%s\", ", i > 0 ? ", " : "", tallies[i].through);
        print_numbers(tallies[i]);
        std::printf("}");
    }
    std::printf("]}\n");
    return sum.calls.all() == 0 && blocks > 0 && sum.blocks == blocks * tallies.size() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t blocks = 1'000'000;
    std::string clap_path;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (std::strcmp(argv[i], "--blocks") == 0) {
            blocks = std::strtoull(argv[i + 1], nullptr, 10);
        } else if (std::strcmp(argv[i], "--clap") == 0) {
            clap_path = argv[i + 1];
        }
    }
    try {
        return count(blocks, clap_path);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
