// The ring, the table of epochs and the queues: what is written is found at its place, or not at all.
#include <limits>
#include <vector>

#include "check.hpp"
#include "core/audio_ring.hpp"
#include "core/input_ring.hpp"
#include "core/spsc_queue.hpp"
#include "core_support.hpp"

using namespace anacrusis;
using core_support::same_bits;

namespace {

constexpr double kRate = 48'000.0;
constexpr std::int64_t kExact = 0, kCapacity = AudioRing::kCapacityFrames;

struct Ring {
    EpochTable epochs;
    AudioRing ring{epochs};

    Ring() { ring.prepare(kRate); }

    AudioRing::Written write(std::uint32_t epoch, std::int64_t address, std::int64_t sample,
                             std::uint32_t frames, float value) {
        const std::vector<float> audio(std::size_t{2} * frames, value);
        return ring.write(epoch, address, sample, audio.data(), frames);
    }

    std::vector<float> read(std::uint32_t epoch, std::int64_t position, std::int64_t sample,
                            std::uint32_t frames) {
        std::vector<float> left(frames), right(frames);
        left.resize(ring.read(epoch, position, sample, frames, AudioRing::kToleranceFrames, left.data(),
                              right.data()));
        return left;
    }
};

void what_is_written_is_read_at_its_place_and_nowhere_else() {
    Ring r;
    r.epochs.place(1, 0);
    CHECK(r.write(1, 100, 5'100, 1'000, 0.5F).taken == 1'000);
    CHECK(r.read(1, 100, 5'100, 2'000).size() == 1'000);
    CHECK(r.read(1, 600, 5'600, 2'000).size() == 500);
    CHECK(r.read(1, 99, 5'099, 10).empty());
    CHECK(r.read(1, 100, 5'103, 10).empty());
    CHECK(r.read(2, 100, 5'100, 10).empty());
    CHECK(r.ring.count_missing(1, 0, 5'000, 500, 2) == 100);
    CHECK(r.ring.count_there(1, 100, 5'100, 5'000, kExact) == 1'000);
    CHECK(r.ring.count_there(1, 100, 5'101, 5'000, kExact) == 0);
}

void a_sample_up_to_two_frames_off_is_the_same_place() {
    Ring r;
    r.epochs.place(1, 0);
    r.write(1, 0, 1'000, 100, 0.5F);
    for (int off = -4; off <= 4; ++off) {
        CHECK(r.read(1, 0, 1'000 + off, 100).size() == (off >= -2 && off <= 2 ? 100U : 0U));
    }
}

void samples_before_the_song_are_places_too() {
    Ring r;
    r.epochs.place(1, 0);
    CHECK(r.write(1, 0, -1'024, 2'048, 0.25F).taken == 2'048);
    CHECK(r.read(1, 0, -1'024, 2'048).size() == 2'048);
    CHECK(r.read(1, 1'020, -4, 8).size() == 8);
    CHECK(r.write(1, 4'000, AudioRing::kFarthestSample, 10, 1.0F).taken == 0);
    CHECK(r.write(1, 4'000, std::numeric_limits<std::int64_t>::min(), 10, 1.0F).taken == 0);
    CHECK(r.write(1, std::numeric_limits<std::int64_t>::max(), 0, 10, 1.0F).taken == 0);
}

void nothing_of_an_epoch_that_is_not_the_newest_is_taken() {
    Ring r;
    CHECK(r.write(1, 0, 0, 10, 1.0F).stale);
    r.epochs.place(1, 0);
    CHECK(r.write(1, 0, 0, 10, 1.0F).taken == 10);
    r.epochs.place(2, 0);
    CHECK(r.write(1, 10, 10, 10, 1.0F).stale);
    CHECK(r.write(3, 0, 0, 10, 1.0F).stale);
    CHECK(r.read(2, 0, 0, 10).empty());
    std::int64_t address = 0;
    CHECK(!r.ring.read_address(1, address) && r.ring.read_address(2, address) && address == 0);
}

void what_the_reader_is_about_to_read_is_written_no_more() {
    Ring r;
    r.epochs.place(1, 0);
    r.ring.begin_block(1'000, 1'512 + AudioRing::kSlackFrames + 1);
    const AudioRing::Written written = r.write(1, 0, 0, 2'000, 1.0F);
    CHECK(written.late == 1'577 && written.taken == 423 && written.beyond == 0);
    CHECK(r.ring.count_missing(1, 1'000, 1'000, 2'000, 2) == 577);
}

void a_full_ring_takes_no_more_and_says_how_much_it_left() {
    Ring r;
    r.epochs.place(1, 0);
    std::int64_t address = 0;
    std::int64_t taken = 0;
    for (AudioRing::Written written; written.beyond == 0; address += 4'096) {
        written = r.write(1, address, address, 4'000, 1.0F);  // with holes
        taken += written.taken;
        if (written.beyond > 0) {
            CHECK(address + 4'000 - written.beyond == kCapacity || address >= kCapacity);
        }
    }
    CHECK(taken > kCapacity * 9 / 10);
    CHECK(r.ring.room_until(1, address) && address == kCapacity);
    r.ring.begin_block(0, 0);
    r.ring.end_block(1'000);
    CHECK(r.write(1, kCapacity, kCapacity, 4'000, 1.0F).taken == 1'000);
    CHECK(r.ring.read_address(1, address) && address == 1'000);
}

void a_round_later_nothing_of_the_round_before_is_left() {
    Ring r;
    r.epochs.place(1, 0);
    r.write(1, 0, 0, 10'000, 0.5F);
    // a loop as long as the ring: the same epoch, sample and row
    CHECK(r.read(1, kCapacity, 0, 10).empty());
    r.ring.begin_block(0, 0);
    r.ring.end_block(10'000);
    CHECK(r.read(1, 0, 0, 10).empty());
    CHECK(r.write(1, kCapacity, 0, 100, 0.75F).taken == 100);
    CHECK(r.read(1, kCapacity, 0, 100).size() == 100);
    CHECK(r.read(1, kCapacity * 257, 0, 100).size() == 100);  // 256 rounds look the same: wiped on passing
    r.ring.begin_block(10'000, 10'000);
    r.ring.end_block(kCapacity + 200);
    CHECK(r.read(1, kCapacity * 257, 0, 100).empty());
}

void reads_and_writes_go_on_over_the_ends_of_the_memory() {
    Ring r;
    r.epochs.place(1, kCapacity - 300);
    r.ring.begin_block(kCapacity - 300, kCapacity - 300);
    CHECK(r.write(1, 0, 77, 1'000, 0.5F).taken == 1'000);
    CHECK(r.read(1, kCapacity - 300, 77, 1'000).size() == 1'000);
    CHECK(r.ring.count_there(1, kCapacity - 300, 77, 2'000, 2) == 1'000);
    CHECK(r.ring.frames_ahead(1, 5'000) == 1'000 && r.ring.frames_ahead(1, 700) == 700);
}

void no_tag_outlives_the_epochs_that_its_bits_can_tell_apart() {
    Ring r;
    std::uint32_t epoch = 1;
    r.epochs.place(epoch, 0);
    r.write(epoch, 0, 0, 262'144, 0.5F);
    r.write(epoch, 262'144, 262'144, 262'144, 0.5F);
    CHECK(r.ring.count_there(1, 0, 0, 524'288, kExact) == 524'288);
    for (int i = 0; i < 32'768; ++i) {  // a host that locates while it stands: positions don't move
        r.ring.sweep();
        r.epochs.place(++epoch, 0);
    }
    CHECK(r.ring.count_missing(1, 0, 0, 524'288, kExact) == 524'288);
    CHECK(r.ring.count_missing(1 + 65'536, 0, 0, 524'288, kExact) == 524'288);
}

void a_later_write_wins_and_the_old_sound_fades_out_under_it() {
    Ring r;
    r.epochs.place(1, 0);
    r.write(1, 0, 0, 8'000, 1.0F);
    r.write(1, 2'000, 50'000, 300, 0.0F);  // a changed loop: other samples; in two blocks
    r.write(1, 2'300, 50'300, 1'700, 0.0F);
    const std::vector<float> before = r.read(1, 0, 0, 4'000);
    const std::vector<float> after = r.read(1, 2'000, 50'000, 4'000);
    CHECK(before.size() == 2'000 && after.size() == 2'000);
    float last = before.back(), largest = 0.0F;
    bool falls = true;
    for (const float value : after) {
        largest = std::max(largest, last - value);
        falls = falls && value <= last;
        last = value;
    }
    const int splice = 240;
    CHECK(falls && largest <= 3.1416F / 2.0F / splice * 1.01F);
    CHECK(after[splice] == 0.0F && after[splice - 1] > 0.0F);
}

void where_no_sound_was_there_is_nothing_to_fade_from() {
    Ring r;
    r.epochs.place(1, 0);
    r.write(1, 0, 0, 100, 1.0F);
    r.write(1, 100, 100, 100, 0.0F);
    CHECK(r.read(1, 0, 0, 300)[100] == 0.0F);
    r.ring.sweep();
    r.epochs.place(2, 0);
    r.write(2, 0, 0, 100, 0.25F);  // over another epoch's sound
    CHECK(r.read(2, 0, 0, 100)[0] == 0.25F);
}

void a_fade_is_no_longer_than_the_sound_that_it_fades_from() {
    Ring r;
    r.epochs.place(1, 0);
    r.write(1, 0, 0, 60, 1.0F);
    r.write(1, 10, 900, 500, 0.0F);
    const std::vector<float> heard = r.read(1, 10, 900, 500);
    CHECK(heard.size() == 500 && heard[0] == 1.0F && heard[50] == 0.0F && heard[49] > 0.0F);
}

void values_that_are_no_numbers_become_silence() {
    Ring r;
    r.epochs.place(1, 0);
    CHECK(r.write(1, 0, 0, 10, std::numeric_limits<float>::quiet_NaN()).taken == 10);
    CHECK(r.write(1, 10, 10, 10, std::numeric_limits<float>::infinity()).taken == 10);
    for (const float value : r.read(1, 0, 0, 20)) {
        CHECK(value == 0.0F);
    }
}

void a_ring_without_memory_takes_and_gives_nothing() {
    EpochTable epochs;
    AudioRing ring(epochs);
    epochs.place(1, 0);
    const float frame[2] = {1.0F, 1.0F};
    CHECK(ring.write(1, 0, 0, frame, 1).taken == 0);
    CHECK(ring.frames_ahead(1, 100) == 0);
    SpscQueue<int> queue;
    int item = 0;
    CHECK(!queue.try_push(1) && !queue.try_pop(item) && queue.free_slots() == 0);
    InputRing input;
    CHECK(!input.push(frame, frame, 1) && input.free_frames() == 0);
}

void a_queue_gives_back_what_it_took_in_order_and_refuses_when_full() {
    SpscQueue<int> queue;
    queue.prepare(100);
    CHECK(queue.free_slots() == 128);
    int next_in = 0, next_out = 0;
    bool in_order = true;
    for (int round = 0; round < 50; ++round) {
        while (queue.try_push(next_in)) {
            ++next_in;
        }
        CHECK(queue.size() == 128 && queue.free_slots() == 0);
        for (int item = 0, taken = 0; taken < 77 && queue.try_pop(item); ++taken) {
            in_order = in_order && item == next_out++;
        }
    }
    CHECK(in_order && next_out == 50 * 77);
}

void the_input_comes_out_bit_for_bit_or_not_at_all() {
    InputRing input;
    input.prepare();
    std::vector<float> left(5'000), right(5'000), taken(10'000);
    std::int64_t pushed = 0, popped = 0;
    bool same = true;
    for (int round = 0; round < 200; ++round) {
        for (std::size_t i = 0; i < left.size(); ++i) {
            left[i] = core_support::input_value(pushed + static_cast<std::int64_t>(i), 0);
            right[i] = i == 7 ? std::numeric_limits<float>::quiet_NaN() : left[i];
        }
        pushed += input.push(left.data(), right.data(), left.size()) ? 5'000 : 0;
        const std::size_t frames = input.pop(taken.data(), round % 2 == 0 ? 4'999 : 4'001);
        for (std::size_t i = 0; i < frames; ++i, ++popped) {
            same = same && same_bits(taken[2 * i], core_support::input_value(popped, 0));
        }
    }
    CHECK(same && popped > 100'000);
    const std::vector<float> more(input.free_frames() + 1);
    CHECK(!input.push(more.data(), more.data(), more.size()));
    CHECK(input.push(more.data(), more.data(), more.size() - 1) && input.free_frames() == 0);
}

}  // namespace

int main() {
    what_is_written_is_read_at_its_place_and_nowhere_else();
    a_sample_up_to_two_frames_off_is_the_same_place();
    samples_before_the_song_are_places_too();
    nothing_of_an_epoch_that_is_not_the_newest_is_taken();
    what_the_reader_is_about_to_read_is_written_no_more();
    a_full_ring_takes_no_more_and_says_how_much_it_left();
    a_round_later_nothing_of_the_round_before_is_left();
    reads_and_writes_go_on_over_the_ends_of_the_memory();
    no_tag_outlives_the_epochs_that_its_bits_can_tell_apart();
    a_later_write_wins_and_the_old_sound_fades_out_under_it();
    where_no_sound_was_there_is_nothing_to_fade_from();
    a_fade_is_no_longer_than_the_sound_that_it_fades_from();
    values_that_are_no_numbers_become_silence();
    a_ring_without_memory_takes_and_gives_nothing();
    a_queue_gives_back_what_it_took_in_order_and_refuses_when_full();
    the_input_comes_out_bit_for_bit_or_not_at_all();
    return check::finish();
}
