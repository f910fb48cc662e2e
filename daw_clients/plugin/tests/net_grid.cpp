// Bar lines against the protocol's own vectors; the argument is vectors/tempo.json.
#include <cmath>

#include "net/bar_grid.hpp"
#include "tests/check.hpp"
#include "tests/json.hpp"

using namespace anacrusis;

namespace {

bool has_ramp(const json::Value& song) {
    for (const json::Value& entry : song["tempo"].items) {
        if (entry["law"].text != "step" && entry["bpm_start"].number != entry["bpm_end"].number) return true;
    }
    return false;
}

/// The signatures by place: the vectors have them by bar.
std::vector<PlacedSignature> placed(const json::Value& song) {
    std::vector<PlacedSignature> places;
    for (const json::Value& entry : song["meter"].items) {
        const Signature signature{static_cast<int>(entry["numerator"].number),
                                  static_cast<int>(entry["denominator"].number)};
        double ppq = 0.0;
        if (!places.empty()) {
            const MeterBars before(places);
            ppq = before.bar_start(static_cast<std::int64_t>(entry["bar"].number) - 1);
        }
        if (entry.has("ppq") && entry["ppq"].text != "null") ppq = entry["ppq"].number;
        places.push_back({ppq, signature});
    }
    return places;
}

int check_song(const json::Value& song) {
    std::vector<TempoStep> steps;
    for (const json::Value& entry : song["tempo"].items) steps.push_back({entry["ppq"].number,
        entry["bpm_start"].number});
    const BarGrid grid{TempoSteps(steps), MeterBars(placed(song)), song["sample_rate_hz"].number};
    for (const json::Value& line : song["bars"].items) {
        const auto bar = static_cast<std::int64_t>(line["bar"].number) - 1;
        const auto sample = static_cast<std::int64_t>(line["sample"].number);
        CHECK(grid.meter().bar_start(bar) == line["ppq"].number);
        CHECK(grid.tempo().seconds(line["ppq"].number) == line["seconds"].number);
        CHECK(grid.sample(bar) == sample);
        CHECK(grid.bar_of_sample(sample) == bar);
        CHECK(grid.bar_of_sample(sample - 1) == bar - 1);
        CHECK(grid.meter().bar_at(line["ppq"].number) == bar);
    }
    return static_cast<int>(song["bars"].items.size());
}

void a_place_and_its_second_go_both_ways() {
    const TempoSteps tempo({{0.0, 97.0}, {8.0, 140.5}, {9.75, 60.0}, {1000.0, 333.3}});
    for (double ppq = -20.0; ppq < 2000.0; ppq += 0.37) {
        CHECK_NEAR(tempo.ppq(tempo.seconds(ppq)), ppq, 1e-9);
    }
    for (const TempoStep& step : tempo.steps()) CHECK(tempo.ppq(tempo.seconds(step.ppq)) == step.ppq);
    CHECK(tempo.bpm(8.0) == 140.5);
    CHECK(tempo.bpm(7.999) == 97.0);
}

void a_signature_inside_a_bar_ends_it() {
    const MeterBars bars({{0.0, {4, 4}}, {6.5, {7, 8}}, {10.0, {3, 4}}});
    CHECK(bars.bar_start(1) == 4.0);
    CHECK(bars.bar_start(2) == 6.5);
    CHECK(bars.changes()[1].cuts && bars.changes()[1].bar == 2);
    CHECK(!bars.changes()[2].cuts && bars.changes()[2].bar == 3);
    CHECK(bars.bar_start(3) == 10.0);
    CHECK(bars.bar_start(4) == 13.0);
    CHECK(bars.bar_at(6.4999) == 1);
    CHECK(bars.bar_at(-0.1) == -1);
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) return 2;
    int songs = 0, lines = 0;
    for (const json::Value& song : json::read_file(arguments[1]).items) {
        if (has_ramp(song)) continue;
        lines += check_song(song);
        ++songs;
    }
    CHECK(songs >= 4);
    CHECK(lines >= 20);
    a_place_and_its_second_go_both_ways();
    a_signature_inside_a_bar_ends_it();
    return check::finish();
}
