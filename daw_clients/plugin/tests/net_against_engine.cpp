// An instance against a real engine: net_against_engine ENDPOINT [SECONDS [INSTANCES]]
//
// Each instance is played in real time from bar 1 by an audio thread of its own, while the main thread
// reads and writes its state. Prints how many frames were wet; exit status 0 if most of them were.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/instance.hpp"

using namespace anacrusis;

namespace {

constexpr double kRate = 48'000.0;
constexpr std::uint32_t kBlock = 240;
constexpr long kBlockNs = 5'000'000;
constexpr int kReadySeconds = 30;

class Player {
public:
    Player(const std::string& endpoint, int number) {
        instance_.set_state("endpoint", endpoint.c_str());
        instance_.set_state("source", "none");
        instance_.set_state("prompt", "jazz piano");
        instance_.set_state("seed", std::to_string(number).c_str());
        instance_.activate(kRate, kBlock);
        thread_ = std::thread([this] { play(); });
    }
    ~Player() {
        stop_.store(true);
        thread_.join();
        instance_.deactivate();
    }
    Player(const Player&) = delete;
    Player& operator=(const Player&) = delete;

    Instance& instance() { return instance_; }
    float lead_ms() const { return instance_.value(index_of(Control::lead_ms)); }
    void roll() { rolling_.store(true); }
    long wet() const { return wet_.load(); }
    long played() const { return played_.load(); }

private:
    void play() {
        const auto start = std::chrono::steady_clock::now();
        std::vector<float> silence(kBlock), left(kBlock), right(kBlock);
        const float* const in[2] = {silence.data(), silence.data()};
        float* const out[2] = {left.data(), right.data()};
        HostTime host;
        host.has_frame = host.has_ppq = host.has_tempo = host.has_signature = true;
        for (long block = 0; !stop_.load(); ++block) {
            std::this_thread::sleep_until(start + std::chrono::nanoseconds(block * kBlockNs));
            host.playing = rolling_.load();
            host.ppq = static_cast<double>(host.frame) * host.bpm / (60.0 * kRate);
            instance_.run(host, in, out, kBlock, nullptr, 0);
            if (!host.playing) continue;
            host.frame += kBlock;
            played_ += kBlock;
            for (std::uint32_t i = 0; i < kBlock; ++i) wet_ += left[i] != 0.0F || right[i] != 0.0F;
        }
    }

    Instance instance_;
    std::atomic<bool> stop_{false}, rolling_{false};
    std::atomic<long> wet_{0}, played_{0};
    std::thread thread_;
};

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) {
        std::fprintf(stderr, "net_against_engine ENDPOINT [SECONDS [INSTANCES]]\n");
        return 2;
    }
    const int seconds = count > 2 ? std::atoi(arguments[2]) : 5;
    const int instances = count > 3 ? std::atoi(arguments[3]) : 1;
    std::vector<std::unique_ptr<Player>> players;
    for (int i = 0; i < instances; ++i) players.push_back(std::make_unique<Player>(arguments[1], i));
    const auto ready = [&] {
        for (const auto& player : players) {
            if (player->lead_ms() < 700.0F) return false;
        }
        return true;
    };
    for (int i = 0; i < 10 * kReadySeconds && !ready(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    for (const auto& player : players) player->roll();
    for (int i = 0; i < 10 * seconds; ++i) {
        for (const auto& player : players) {
            player->instance().state("details");
            player->instance().state("lanes");
            player->instance().set_value(index_of(Control::output_gain), static_cast<float>(-(i % 10)));
            if (i % 20 == 10) player->instance().set_state("prompt", i % 40 == 10 ? "drums" : "jazz piano");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    long wet = 0, played = 0;
    for (const auto& player : players) {
        wet += player->wet();
        played += player->played();
        const int status = static_cast<int>(player->instance().value(index_of(Control::status)));
        std::printf("%s; %s\n", kStatusWords[status], player->instance().state("details").c_str());
    }
    std::printf("%ld of %ld frames were wet\n", wet, played);
    return wet > played / 2 ? 0 : 1;
}
