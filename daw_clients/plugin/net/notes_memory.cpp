#include "net/notes_memory.hpp"

#include <algorithm>
#include <cstdlib>

namespace anacrusis {
namespace {

constexpr std::size_t kMostNotes = 65'536;  // what the engine takes
constexpr std::uint8_t kNoteOff = 0x80, kNoteOn = 0x90, kKind = 0xF0, kChannel = 0x0F;

}  // namespace

void NotesMemory::run(const RunRecord& run) {
    const bool new_block = ahead_.empty() || ahead_.back().at_ns != run.at_ns;
    while (new_block && !ahead_.empty()) advance();
    ahead_.push_back(run);
}

/// The host comes to the next run.
void NotesMemory::advance() {
    const RunRecord next = ahead_.front();
    ahead_.pop_front();
    const bool goes_on = running_ && next.playing && next.epoch == run_.epoch && next.lap == run_.lap &&
                         next.sample == run_.sample + run_.frames;
    end_run();
    if (!goes_on) end_pass();
    run_ = next;
    running_ = next.playing;
}

/// Notes that lie in the run and weren't heard in this pass are gone.
void NotesMemory::end_run() {
    if (!running_) return;
    auto at = notes_.lower_bound(run_.sample - near_);
    while (at != notes_.end() && at->first < run_.sample + run_.frames - near_) {
        if (sounds(at->second.note)) at->second.pass = pass_;
        const bool gone = at->second.pass != pass_;
        at = gone ? notes_.erase(at) : std::next(at);
        revision_ += gone;
    }
}

/// Whether this very note is held now.
bool NotesMemory::sounds(const HeardNote& note) const {
    const auto found = sounding_.find({note.channel, note.pitch});
    return found != sounding_.end() && std::llabs(found->second.sample - note.sample) <= near_;
}

void NotesMemory::settle() {
    while (!ahead_.empty()) advance();
    end_run();
    end_pass();
}

/// What sounds ends here.
void NotesMemory::end_pass() {
    if (running_) {
        const std::int64_t end = run_.sample + run_.frames;
        for (const auto& [at, kept] : notes_) {  // those known to be longer than this pass stay as they are
            if (sounds(kept.note) && at + kept.note.length > end) {
                sounding_.erase({kept.note.channel, kept.note.pitch});
            }
        }
        while (!sounding_.empty()) {
            const auto [channel, pitch] = sounding_.begin()->first;
            end_note(pitch, channel, end);
        }
    }
    sounding_.clear();
    running_ = false;
    ++pass_;
}

void NotesMemory::midi(const MidiRecord& midi) {
    const auto holds = [&] {
        return running_ && midi.sample >= run_.sample && midi.sample < run_.sample + run_.frames;
    };
    while (!ahead_.empty() && !holds()) advance();
    const auto kind = static_cast<std::uint8_t>(midi.bytes[0] & kKind);
    if (!running_ || midi.size < 3 || midi.sample < 0 || (kind != kNoteOn && kind != kNoteOff)) return;
    const auto channel = static_cast<std::uint8_t>((midi.bytes[0] & kChannel) + 1);
    const auto pitch = static_cast<std::uint8_t>(midi.bytes[1] & 0x7FU);
    const auto velocity = static_cast<std::uint8_t>(midi.bytes[2] & 0x7FU);
    end_note(pitch, channel, midi.sample);
    if (kind == kNoteOn && velocity > 0) sounding_[{channel, pitch}] = {midi.sample, velocity};
}

void NotesMemory::end_note(std::uint8_t pitch, std::uint8_t channel, std::int64_t at) {
    const auto found = sounding_.find({channel, pitch});
    if (found == sounding_.end()) return;
    const Sounding sounding = found->second;
    sounding_.erase(found);
    keep({sounding.sample, std::max<std::int64_t>(at - sounding.sample, 1), pitch, sounding.velocity,
          channel});
}

void NotesMemory::keep(const HeardNote& note) {
    const auto end = notes_.upper_bound(note.sample + near_);
    for (auto at = notes_.lower_bound(note.sample - near_); at != end; ++at) {
        const HeardNote& known = at->second.note;
        if (known.pitch != note.pitch || known.channel != note.channel) continue;
        const bool same = known.velocity == note.velocity && std::llabs(known.length - note.length) <= near_;
        if (same) {
            at->second.pass = pass_;
            return;
        }
        notes_.erase(at);
        break;
    }
    if (notes_.size() < kMostNotes) notes_.emplace(note.sample, Kept{note, pass_});
    ++revision_;
}

std::vector<HeardNote> NotesMemory::notes() const {
    std::vector<HeardNote> all;
    for (const auto& [sample, kept] : notes_) all.push_back(kept.note);
    return all;
}

void NotesMemory::restore(const std::vector<HeardNote>& notes) {
    notes_.clear();
    for (const HeardNote& note : notes) {
        if (notes_.size() < kMostNotes) notes_.emplace(note.sample, Kept{note, pass_});
    }
    ++revision_;
}

}  // namespace anacrusis
