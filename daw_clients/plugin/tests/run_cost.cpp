// What run() costs of a block's duration: with an engine, without one, and with one that dies again and
// again.
//
//   run_cost [--blocks N]
//
// Prints JSON; shares are of the block's duration at 48 kHz.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "core_support.hpp"

using namespace anacrusis;
using namespace core_support;

namespace {

constexpr double kRate = 48'000.0;
constexpr std::uint32_t kSizes[] = {64, 512, 2'048};
constexpr std::int64_t kLead = 36'000;                                // 750 ms
constexpr std::int64_t kLives = 48'000, kDies = 2 * 48'000;           // frames, in turn

enum class Kind { present, absent, dying };
constexpr const char* kNames[] = {"present", "absent", "dying"};

struct Cost {
    Kind kind;
    std::uint32_t block_frames;
    std::vector<std::int64_t> run_ns;
    std::uint64_t wet_blocks = 0;
};

/// Whether the engine sends at this point of the song.
bool sends(Kind kind, std::int64_t sample) {
    return kind == Kind::present || (kind == Kind::dying && sample % (kLives + kDies) < kLives);
}

Cost measure(Kind kind, std::uint32_t frames, std::size_t blocks) {
    Cost cost{kind, frames, {}};
    cost.run_ns.reserve(blocks);
    Rig rig(kRate, frames);
    Host host{Song(kRate)};
    host.playing = true;
    Engine engine(*rig.audio, [](std::uint32_t, std::int64_t, float* frame) { frame[0] = frame[1] = 0.5F; });
    engine.reach_frames = kLead;
    for (int channel = 0; channel < 2; ++channel) {
        rig.in[channel].assign(frames, 0.25F);
        rig.out[channel].resize(frames);
    }
    const float* in[2] = {rig.in[0].data(), rig.in[1].data()};
    float* out[2] = {rig.out[0].data(), rig.out[1].data()};
    for (std::size_t block = 0; block < blocks; ++block) {
        const HostTime time = host.time();
        set(*rig.shared, Control::denoise, static_cast<float>(block % 1'000) / 1'000.0F);
        const std::int64_t start = monotonic_ns();
        rig.audio->run(time, in, out, frames, nullptr, 0);
        cost.run_ns.push_back(monotonic_ns() - start);
        cost.wet_blocks += out[0][0] == 0.5F ? 1 : 0;
        host.sample += frames;
        engine.listen();
        if (sends(kind, host.sample)) {
            engine.send();
        }
    }
    return cost;
}

double share_at(const Cost& cost, double quantile) {
    const auto last = static_cast<double>(cost.run_ns.size() - 1);
    const auto ns = static_cast<double>(cost.run_ns[static_cast<std::size_t>(std::lround(last * quantile))]);
    return ns / (1e9 * cost.block_frames / kRate);
}

void print(Cost& cost) {
    std::sort(cost.run_ns.begin(), cost.run_ns.end());
    const double block_us = 1e6 * cost.block_frames / kRate;
    std::printf("{\"engine\": \"%s\", \"block_frames\": %u, \"blocks\": %zu, \"wet_blocks\": %llu, "
                "\"median_share\": %.6f, \"p99_9_share\": %.6f, \"max_share\": %.6f, \"median_us\": %.2f}",
                kNames[static_cast<int>(cost.kind)], cost.block_frames, cost.run_ns.size(),
                static_cast<unsigned long long>(cost.wet_blocks), share_at(cost, 0.5), share_at(cost, 0.999),
                share_at(cost, 1.0), share_at(cost, 0.5) * block_us);
}

/// Whether the engine was there as often as the case says.
bool as_said(const Cost& cost) {
    const double wet = static_cast<double>(cost.wet_blocks) / static_cast<double>(cost.run_ns.size());
    if (cost.kind == Kind::dying) {
        return wet > 0.1 && wet < 0.9;
    }
    return cost.kind == Kind::present ? wet > 0.9 : wet == 0.0;
}

}  // namespace

int main(int argc, char** argv) {
    const bool given = argc == 3 && std::string(argv[1]) == "--blocks";
    const std::size_t blocks = given ? std::strtoull(argv[2], nullptr, 10) : 20'000;
    bool all = blocks > 0;
    std::printf("{\"rate_hz\": %.0f, \"cases\": [", kRate);
    for (const Kind kind : {Kind::present, Kind::absent, Kind::dying}) {
        for (const std::uint32_t frames : kSizes) {
            Cost cost = measure(kind, frames, std::max<std::size_t>(blocks, 1));
            all = all && as_said(cost);
            std::printf(kind == Kind::present && frames == kSizes[0] ? "\n  " : ",\n  ");
            print(cost);
        }
    }
    std::printf("\n]}\n");
    return all ? 0 : 1;
}
