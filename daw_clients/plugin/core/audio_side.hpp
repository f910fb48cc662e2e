// The audio thread of an instance: what run() does, and what the network thread reads of it.
#pragma once

#include <cstdint>

#include "core/audio_ring.hpp"
#include "core/bounce_wait.hpp"
#include "core/contract.hpp"
#include "core/engine_values.hpp"
#include "core/epoch_table.hpp"
#include "core/input_ring.hpp"
#include "core/mixer.hpp"
#include "core/play_head.hpp"
#include "core/run_list.hpp"
#include "core/sound_finder.hpp"
#include "core/spans.hpp"
#include "core/spsc_queue.hpp"
#include "core/teller.hpp"

namespace anacrusis {

/// Follows the host, tells the network thread where it is, and plays the engine's sound at the host's
/// place. ``shared`` outlives it.
///
/// **Records.** For each block: RunRecords in order (a new one where a loop wraps; gap_start and gap_end
/// of this same run, but none while offline), then CurveRecords, MidiRecords, InputRecords, and at any
/// point GestureRecords. Every RunRecord is complete in itself: a queue that was full costs only what
/// was dropped (Shared::dropped_records counts), and the first RunRecord of an epoch that gets through
/// carries ``new_epoch``, whatever its address. Curve values that were dropped are told again.
/// ``ppq`` is that of ``sample``; ``bar_start_ppq`` is left out after a wrap inside a block.
///
/// **New epochs** begin at the first block after prepare(); where the host is not where it was expected
/// (2 frames of tolerance; while stopped too); where new_epoch_wanted was set (playing or not); at the
/// first playing block that is offline, and the first that isn't any more. Epochs count up over
/// prepare() too; multiples of 65536 are left out. ``offline`` in records is the host's own, or
/// mode=bounce, or wait=on.
///
/// **What is heard.** A frame is wet where the song sample lies in [wet_start, wet_end), is not negative,
/// and the ring has it for this epoch; else it is the input, with mode=interval silence. In mode=interval
/// the network thread sets wet_start and wet_end too (0 and a very large number).
///
/// **Waiting** (offline only): while the ``bounce`` word is of another epoch, `none` or `preparing`, every
/// block waits (unless wet_start < wet_end are known and the block lies outside); in `running` until the
/// block's frames in [wet_start, wet_end) are there. Patience (control wait_s) counts the time spent
/// waiting without a new sign of life; when it is used up, bounce_timed_out is set, once. After that, and
/// after a block that was incomplete in `failed`, everything is dry until the bounce ends: the host
/// stops, goes on in real time, or locates. Not offline, nothing is ever waited for.
class AudioSide {
public:
    static constexpr std::size_t kRecordCapacity = Teller::kRecordCapacity;

    explicit AudioSide(Shared& shared) noexcept : shared_(shared) {}
    AudioSide(const AudioSide&) = delete;
    AudioSide& operator=(const AudioSide&) = delete;

    /// Takes all memory and forgets where the host was. False: a rate that the engine can't have (no
    /// multiple of 25 Hz, or outside 8000..384000): run() then passes the input and tells nothing.
    /// ``max_block_frames`` is the host's promise; larger blocks are safe all the same. Main thread,
    /// while no other thread is at it.
    bool prepare(double rate_hz, std::uint32_t max_block_frames);

    /// A block of any length, 0 too (then nothing happens). ``out`` may be ``in``, crossed too. Audio
    /// thread; real-time safe: no lock, no memory, no system call; waits only while offline.
    void run(const HostTime& host, const float* const in[2], float* const out[2], std::uint32_t frames,
             const MidiMessage* midi, std::uint32_t midi_count) noexcept;

    /// A hand on a control, or off it: a GestureRecord with the next block. A touch and its release
    /// between two blocks are none. Any thread; real-time safe.
    void touch(int control, bool touched) noexcept { teller_.touch(control, touched); }

    // For the network thread; see each for what it may call.
    SpscQueue<Record>& records() noexcept { return teller_.records(); }
    InputRing& input() noexcept { return teller_.input(); }
    AudioRing& ring() noexcept { return ring_; }
    EpochTable& epochs() noexcept { return epochs_; }

private:
    static constexpr std::uint32_t kPieceFrames = 256;
    static constexpr std::uint32_t kNever = Mixer::kEndless;

    struct Buffers {
        const float* in[2];
        float* out[2];
        bool crossed;  // one channel's output is the other's input
    };

    void begin_block(const HostTime& host) noexcept;
    void begin_epoch() noexcept;
    std::uint32_t run_piece(const Buffers& buffers, std::uint32_t offset, std::uint32_t frames,
                            const MidiMessage* midi, std::uint32_t midi_count) noexcept;
    void find_sound(const WetRange& range) noexcept;
    void tell(const Buffers& buffers, std::uint32_t offset, const WetRange& range, const MidiMessage* midi,
              std::uint32_t midi_count) noexcept;
    std::uint32_t release_frame() const noexcept;
    std::uint32_t ahead_at(std::uint32_t frame) const noexcept;
    void mix(const Buffers& buffers, std::uint32_t offset, const WetRange& range) noexcept;
    void mix_some(const Run& run, std::uint32_t frame, std::uint32_t frames, bool wet,
                  Mixer::Piece piece) noexcept;
    EngineValues engine_values() noexcept;
    float value_of(Control control) const noexcept;

    Shared& shared_;
    EpochTable epochs_;
    AudioRing ring_{epochs_};
    SoundFinder finder_{ring_};
    Teller teller_{shared_};
    BounceWait bounce_{shared_, finder_};
    PlayHead head_;
    Mixer mixer_;

    bool prepared_ = false;
    double rate_hz_ = 0.0;
    EngineValues values_{};
    HostTime host_;             // of this block, made sane
    bool was_playing_ = false;
    bool bouncing_ = false;     // playing, and what is missing is waited for
    bool holding_ = false;      // sound comes back on a bar line

    RunList runs_;              // of this piece of the block
    Spans spans_;               // where there is sound
    std::uint32_t after_ = 0;   // frames of sound on end that follow the piece
    float wet_[2][kPieceFrames] = {};
    float dry_[2][kPieceFrames] = {};  // the input, where it would be written over
};

}  // namespace anacrusis
