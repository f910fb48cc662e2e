// What each status looks like and what to do about it. Compiled only if every status has its sentence.
#pragma once

#include <iterator>
#include <string_view>

#include "generated/plugin_controls.hpp"
#include "ui/theme.hpp"

namespace anacrusis::ui {

struct StatusAdvice {
    Colour dot;
    const char* sentence;
};

/// No `default`: the compiler (-Wswitch) names a status that has no advice.
constexpr StatusAdvice advice_for(Status status) noexcept {
    switch (status) {
    case Status::off:
        return {kGrey, "The host has not started the plugin. It starts with the host's audio."};
    case Status::looking:
        return {kGrey, "Nobody answers at the endpoint yet: start the engine with \"anacrusis serve\". "
                       "The track plays dry meanwhile."};
    case Status::connected:
        return {kGreen, "The engine is there. Press play in the host."};
    case Status::listening:
        return {kAmber, "The plugin needs the track's own sound first. Play the track once, as far as it "
                        "shall be transformed."};
    case Status::preparing:
        return {kAmber, "The engine makes the first bars. The track plays dry until they are here."};
    case Status::playing:
        return {kGreen, "What you hear is the engine's sound, in its place."};
    case Status::late:
        return {kAmber, "Bars came too late and were played dry. Raise the buffer, take load off the "
                        "machine, or bounce."};
    case Status::learned:
        return {kAmber, "The host's automation or tempo was not what the plugin knew. It has learned it: "
                        "a second bounce is exact."};
    case Status::hung:
        return {kRed, "No sign of life. Restart the engine: the plugin finds it again by itself, and the "
                      "sound comes back on a bar line."};
    case Status::wrong_version:
        return {kRed, "Plugin and engine speak different versions of their protocol. Update the older one."};
    case Status::refused:
        return {kRed, "The engine does not take what it was told. Check the endpoint, the prompts and the "
                      "source; the engine's own messages say more."};
    case Status::no_source:
        return {kAmber, "The engine does not have this project's source, and it is not kept here either. "
                        "Play the track once."};
    case Status::bounce_failed:
        return {kRed, "The engine gave no sign of life while the host bounced; from there on the bounce is "
                      "dry. Start the engine, then bounce again."};
    }
    return {kGrey, ""};
}

constexpr bool every_status_has_advice() noexcept {
    for (std::size_t i = 0; i < std::size(kStatusWords); ++i)
        if (std::string_view(advice_for(static_cast<Status>(i)).sentence).empty()) return false;
    return true;
}
static_assert(every_status_has_advice(), "a status without a sentence on what to do");

}  // namespace anacrusis::ui
