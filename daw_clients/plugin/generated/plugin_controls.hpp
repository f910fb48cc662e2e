// Made from bridge_protocol/plugin_controls.py by `make docs`; do not edit.
#pragma once

namespace anacrusis {

/// How a control maps to the value.
enum class Law : int {
    linear,
    decibel,
    integer,
    choice,
};

/// Whose a control is: sent, read here, or told.
enum class Role : int {
    engine,
    plugin,
    display,
};

/// How it goes.
enum class Status : int {
    off,
    looking,
    connected,
    listening,
    preparing,
    playing,
    late,
    learned,
    hung,
    wrong_version,
    refused,
    no_source,
    bounce_failed,
};

/// What ``Status`` is for the user.
inline constexpr const char* kStatusWords[] = {
    "off",
    "looking for the engine",
    "connected",
    "listening: play the track once",
    "preparing",
    "playing",
    "late: the engine is too slow",
    "automation changed: bounce again",
    "the engine hangs",
    "wrong version: update the older side",
    "refused: see the details",
    "the source is missing: play the track once",
    "bounce failed: no engine",
};

/// A control by its place in kControls.
enum class Control : int {
    denoise,
    morph,
    sde_blend,
    velocity,
    guidance,
    prompt_blend,
    dry_wet,
    output_gain,
    timbre_strength,
    structure_strength,
    feedback,
    solver,
    guidance_mode,
    quantise,
    mode,
    interval_bars,
    buffer_ms,
    wait_s,
    wait,
    bypass,
    status,
    lead_ms,
    late_bars,
    lora_1,
    lora_2,
    lora_3,
    lora_4,
};

/// A control as hosts are told it. Of a choice, the value is the index into ``choices``.
struct ControlSpec {
    const char* name;   // also its symbol
    const char* label;
    const char* unit;
    const char* help;
    float minimum, maximum, default_value;
    Law law;
    Role role;
    bool lane;          // of the engine's alone: it may be sent as a curve
    const char* const* choices;
    int choice_count;   // 0: no choice
};
inline constexpr const char* kSolverChoices[] = {"ode", "sde"};
inline constexpr const char* kGuidanceModeChoices[] = {"off", "full", "initialize", "self"};
inline constexpr const char* kQuantiseChoices[] = {"now", "next_beat", "next_bar"};
inline constexpr const char* kModeChoices[] = {"follow", "interval", "bounce"};
inline constexpr const char* kWaitChoices[] = {"off", "on"};
inline constexpr const char* kBypassChoices[] = {"off", "on"};
inline constexpr const char* kStatusChoices[] = {"off", "looking for the engine", "connected", "listening: play the track once", "preparing", "playing", "late: the engine is too slow", "automation changed: bounce again", "the engine hangs", "wrong version: update the older side", "refused: see the details", "the source is missing: play the track once", "bounce failed: no engine"};

inline constexpr int kControlCount = 27;
inline constexpr ControlSpec kControls[kControlCount] = {
    {"denoise", "Denoise", "", "How far the sound leaves its source: 0 is the source itself, 1 starts from noise.", 0.0f, 1.0f, 0.6f, Law::linear, Role::engine, true, nullptr, 0},
    {"morph", "Morph", "", "How far the sound is pulled to the target (to the source where no target is set).", 0.0f, 1.0f, 0.0f, Law::linear, Role::engine, true, nullptr, 0},
    {"sde_blend", "SDE blend", "", "With solver=sde: 1 follows the model, 0 holds on to the source.", 0.0f, 1.0f, 1.0f, Law::linear, Role::engine, true, nullptr, 0},
    {"velocity", "Velocity", "", "Scales the model's step; 1 is neutral.", 0.5f, 1.5f, 1.0f, Law::linear, Role::engine, true, nullptr, 0},
    {"guidance", "Guidance", "", "With a guidance_mode: how far away from the negative prompt; 1 is not at all.", 1.0f, 10.0f, 1.0f, Law::linear, Role::engine, true, nullptr, 0},
    {"prompt_blend", "Prompt blend", "", "From prompt a (0) to prompt b (1).", 0.0f, 1.0f, 0.0f, Law::linear, Role::engine, true, nullptr, 0},
    {"dry_wet", "Dry/wet", "", "0 is the source alone, 1 the rendering alone.", 0.0f, 1.0f, 1.0f, Law::linear, Role::engine, true, nullptr, 0},
    {"output_gain", "Output gain", "dB", "Loudness of the rendering, before the soft limit at -1 dBFS.", -60.0f, 12.0f, 0.0f, Law::decibel, Role::engine, true, nullptr, 0},
    {"timbre_strength", "Timbre strength", "", "How far the timbre reference is heard.", 0.0f, 1.0f, 1.0f, Law::linear, Role::engine, false, nullptr, 0},
    {"structure_strength", "Structure strength", "", "How far the structure (of its reference, else of the source) is heard.", 0.0f, 1.0f, 1.0f, Law::linear, Role::engine, false, nullptr, 0},
    {"feedback", "Feedback", "", "In a loop: how much of an earlier pass is mixed into the source.", 0.0f, 1.0f, 0.0f, Law::linear, Role::engine, false, nullptr, 0},
    {"solver", "Solver", "", "ode is repeatable in feel; sde draws fresh noise each step and hears sde_blend.", 0.0f, 1.0f, 0.0f, Law::choice, Role::engine, false, kSolverChoices, 2},
    {"guidance_mode", "Guidance mode", "", "full: a negative forward at every step; initialize: at the first; self: the slot's own noise.", 0.0f, 3.0f, 0.0f, Law::choice, Role::engine, false, kGuidanceModeChoices, 4},
    {"quantise", "Quantise", "", "Where a turned knob is heard: as soon as can be, at the next beat, or at the next bar line.", 0.0f, 2.0f, 0.0f, Law::choice, Role::plugin, false, kQuantiseChoices, 3},
    {"mode", "Mode", "", "follow: plays in place; interval: the track's live input, some bars later; bounce: waits for the engine, as in an offline bounce.", 0.0f, 2.0f, 0.0f, Law::choice, Role::plugin, false, kModeChoices, 3},
    {"interval_bars", "Interval", "bars", "With mode=interval: how many bars later the input is heard.", 2.0f, 16.0f, 2.0f, Law::integer, Role::plugin, false, nullptr, 0},
    {"buffer_ms", "Buffer", "ms", "Sound kept ahead of the host: more survives a slower engine, less hears knobs sooner.", 100.0f, 4000.0f, 750.0f, Law::integer, Role::plugin, false, nullptr, 0},
    {"wait_s", "Patience", "s", "In a bounce: how long the engine may give no sign of life before the bounce goes on dry.", 1.0f, 600.0f, 20.0f, Law::integer, Role::plugin, false, nullptr, 0},
    {"wait", "Wait for the engine", "", "Set by the host while it bounces (LV2); on by hand is mode=bounce.", 0.0f, 1.0f, 0.0f, Law::choice, Role::plugin, false, kWaitChoices, 2},
    {"bypass", "Bypass", "", "The track's own sound, after a fade of 10 ms.", 0.0f, 1.0f, 0.0f, Law::choice, Role::plugin, false, kBypassChoices, 2},
    {"status", "Status", "", "How it goes, in words.", 0.0f, 12.0f, 0.0f, Law::choice, Role::display, false, kStatusChoices, 13},
    {"lead_ms", "Lead", "ms", "Sound that lies ahead of the host in the plugin.", 0.0f, 60000.0f, 0.0f, Law::linear, Role::display, false, nullptr, 0},
    {"late_bars", "Late bars", "", "Bars that were not what was asked for: the engine was too slow.", 0.0f, 1000000.0f, 0.0f, Law::linear, Role::display, false, nullptr, 0},
    {"lora_1", "LoRA 1", "", "Strength of the LoRA in place 1; 0 is as without it.", 0.0f, 2.0f, 1.0f, Law::linear, Role::engine, true, nullptr, 0},
    {"lora_2", "LoRA 2", "", "Strength of the LoRA in place 2; 0 is as without it.", 0.0f, 2.0f, 1.0f, Law::linear, Role::engine, true, nullptr, 0},
    {"lora_3", "LoRA 3", "", "Strength of the LoRA in place 3; 0 is as without it.", 0.0f, 2.0f, 1.0f, Law::linear, Role::engine, true, nullptr, 0},
    {"lora_4", "LoRA 4", "", "Strength of the LoRA in place 4; 0 is as without it.", 0.0f, 2.0f, 1.0f, Law::linear, Role::engine, true, nullptr, 0},
};

/// The index of a control in kControls.
constexpr int index_of(Control control) noexcept { return static_cast<int>(control); }

/// The value of the display ``status``.
constexpr int index_of(Status status) noexcept { return static_cast<int>(status); }

}  // namespace anacrusis
