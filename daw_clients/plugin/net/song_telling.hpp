// The song as the engine knows it: map, words, knobs, lanes, notes. Tells what differs. Network thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "core/contract.hpp"
#include "net/requests.hpp"
#include "net/song.hpp"

namespace anacrusis {

class SongTelling {
public:
    SongTelling(Song& song, Requests& requests, const Shared& shared)
        : song_(song), requests_(requests), shared_(shared) {}

    /// A session begins: nothing is told in it yet, and the engine has the defaults.
    void begin_session();
    void gesture(const GestureRecord& gesture);

    /// Tells what is due. Maps at most twice a second while the host plays, knobs and lanes at most every
    /// 40 ms, notes every 200 ms.
    void step(std::int64_t now_ns, bool playing);
    /// Tells all that there is, at once.
    void tell_all(std::int64_t now_ns);
    /// Whether all is told; replies may be owed.
    bool settled() const;

    /// Counts the maps that were told after the session's first.
    std::uint64_t map_edits() const noexcept { return map_edits_; }
    /// Counts what was told that changes the sound, but the maps.
    std::uint64_t changes() const noexcept { return changes_; }

private:
    void tell_map(std::int64_t now_ns);
    void tell_words();
    void tell_word(const char* key, const std::string& text, protocol::PromptSlot slot);
    void tell_loras();
    void tell_knobs();
    void tell_single(int control);
    void tell_lane(int control);
    void tell_touch(int control);
    void tell_notes();
    bool has_knobs() const;
    bool single_is_due(int control) const;
    protocol::When when() const;
    template <class Message>
    void ask(const std::string& name, const Message& message);

    Song& song_;
    Requests& requests_;
    const Shared& shared_;

    std::uint64_t told_map_ = 0, told_notes_ = 0;
    bool any_map_ = false, any_notes_ = false;
    std::map<std::string, std::string> told_words_;
    std::map<int, float> told_values_;              // of controls without a lane, or while touched
    std::array<bool, kControlCount> touched_{};     // as told
    std::array<bool, kControlCount> has_lane_{};    // the engine has one
    std::int64_t map_ns_ = 0, knobs_ns_ = 0, notes_ns_ = 0;
    std::uint64_t map_edits_ = 0, changes_ = 0;
    std::string refused_;                           // what the details' words are about
};

}  // namespace anacrusis
