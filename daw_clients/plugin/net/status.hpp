// How it goes, in one of the status' words. Pure.
#pragma once

#include "generated/plugin_controls.hpp"
#include "net/bounce.hpp"
#include "net/link.hpp"

namespace anacrusis {

/// What the status is made from.
struct Facts {
    Link::State link = Link::State::looking;
    bool hangs = false;
    Bounce::Outcome bounce = Bounce::Outcome::none;
    bool bouncing = false, rendering = false;
    bool late = false;          // sound that was not what was asked for came lately
    bool missing = false;       // the source is neither here nor there
    bool busy = false;          // a source is being taken, loaded or sent
    bool has_sound = false;     // something of the song has sound
    bool playing = false, sounds = false;  // the host plays; there is sound for it
};

inline Status status_of(const Facts& facts) noexcept {
    if (facts.link == Link::State::wrong_version) return Status::wrong_version;
    if (facts.link == Link::State::refused) return Status::refused;
    if (facts.bounce == Bounce::Outcome::failed) return Status::bounce_failed;
    if (facts.hangs) return Status::hung;
    if (facts.link == Link::State::looking || facts.link == Link::State::greeting) return Status::looking;
    if (facts.bouncing && facts.has_sound) return facts.rendering ? Status::playing : Status::preparing;
    if (facts.bounce == Bounce::Outcome::learned) return Status::learned;
    if (facts.busy) return Status::preparing;
    if (facts.missing) return Status::no_source;
    if (!facts.has_sound) return Status::listening;
    if (facts.late) return Status::late;
    if (!facts.playing) return Status::connected;
    return facts.sounds ? Status::playing : Status::preparing;
}

}  // namespace anacrusis
