// From DPF's Plugin to Instance: nothing is decided here, only handed on.
#include <DistrhoPlugin.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "core/instance.hpp"
#include "dpf/instance_of.hpp"
#include "dpf/lv2_bars.hpp"
#include "generated/plugin_controls.hpp"

namespace {

using anacrusis::ControlSpec;
using anacrusis::kControlCount;
using anacrusis::kControls;
using anacrusis::kStateKeys;

/// Of the window alone: "denoise 1" is a hand on that control, "denoise 0" is it off again.
constexpr const char* kTouchKey = "touch";

constexpr std::uint32_t kMaxMidiMessages = 512;  // DPF gives no more in a block

constexpr bool is(std::uint32_t index, anacrusis::Control control) noexcept {
    return index == static_cast<std::uint32_t>(control);
}

std::uint32_t hints_of(std::uint32_t index, const ControlSpec& spec) {
    std::uint32_t hints = 0;
    if (spec.role == anacrusis::Role::display)
        hints |= DISTRHO::kParameterIsOutput;
    else if (!is(index, anacrusis::Control::wait))
        hints |= DISTRHO::kParameterIsAutomatable;
    if (spec.law == anacrusis::Law::integer || spec.law == anacrusis::Law::choice)
        hints |= DISTRHO::kParameterIsInteger;
    if (is(index, anacrusis::Control::wait) || is(index, anacrusis::Control::bypass))
        hints |= DISTRHO::kParameterIsBoolean;
    return hints;
}

void name_choices(const ControlSpec& spec, DISTRHO::ParameterEnumerationValues& values) {
    if (spec.choice_count == 0) return;
    values.count = static_cast<std::uint8_t>(spec.choice_count);
    values.restrictedMode = true;
    values.values = new DISTRHO::ParameterEnumerationValue[values.count];
    for (int i = 0; i < spec.choice_count; ++i) {
        values.values[i].value = static_cast<float>(i);
        values.values[i].label = spec.choices[i];
    }
}

anacrusis::HostTime host_time(const DISTRHO::TimePosition& position) noexcept {
    const DISTRHO::TimePosition::Host& host = position.host;
    anacrusis::HostTime time;
    time.playing = position.playing;
    time.recording = host.recording;
    time.offline = host.offline;
    time.has_frame = host.hasFrame;
    time.frame = host.frame;
    time.has_ppq = host.hasPpq;
    time.ppq = host.ppq;
    time.has_bar_start = host.isInBar();
    time.bar_start_ppq = host.barStartPpq;
    time.has_tempo = host.hasTempo;
    time.bpm = host.bpm;
    time.has_signature = host.hasSignature;
    time.numerator = host.numerator;
    time.denominator = host.denominator;
    time.looping = host.looping;
    time.loop_start_ppq = host.loopStartPpq;
    time.loop_end_ppq = host.loopEndPpq;
    return time;
}

anacrusis::Lv2Count count_of(const DISTRHO::TimePosition::Host& host) noexcept {
    return {host.countedFrame, host.countsBarBeat, host.countsBeat, host.barBeat, host.beat};
}

/// "denoise 1" to the control's index and whether it is touched; -1: no such control.
int touched_control(const std::string& text, bool& touched) {
    const std::size_t space = text.find(' ');
    if (space == std::string::npos) return -1;
    touched = text.substr(space + 1) == "1";
    for (int i = 0; i < kControlCount; ++i)
        if (text.compare(0, space, kControls[i].name) == 0) return i;
    return -1;
}

}  // namespace

START_NAMESPACE_DISTRHO

class AnacrusisPlugin final : public Plugin {
public:
    AnacrusisPlugin() : Plugin(kControlCount, 0, kStateKeys.size()) {}

    anacrusis::Instance& instance() noexcept { return instance_; }

protected:
    const char* getLabel() const override { return "anacrusis"; }
    const char* getDescription() const override {
        return "Plays a streaming music-diffusion engine at the host's own place, to the sample.";
    }
    const char* getMaker() const override { return "Anacrusis"; }
    const char* getLicense() const override { return "Apache-2.0"; }
    std::uint32_t getVersion() const override { return d_version(ANACRUSIS_VERSION_NUMBERS); }
    int64_t getUniqueId() const override { return d_cconst('A', 'n', 'a', 'c'); }

    void initParameter(std::uint32_t index, Parameter& parameter) override {
        const ControlSpec& spec = kControls[index];
        if (is(index, anacrusis::Control::bypass)) parameter.initDesignation(kParameterDesignationBypass);
        if (is(index, anacrusis::Control::wait)) parameter.designation = kParameterDesignationFreeWheeling;
        parameter.hints = hints_of(index, spec);
        parameter.name = spec.label;
        parameter.symbol = spec.name;
        parameter.unit = spec.unit;
        parameter.description = spec.help;
        parameter.ranges.min = spec.minimum;
        parameter.ranges.max = spec.maximum;
        parameter.ranges.def = spec.default_value;
        name_choices(spec, parameter.enumValues);
    }

    void initState(std::uint32_t index, State& state) override {
        // The window asks the instance itself; so no text passes through LV2's audio thread.
        state.hints = kStateIsOnlyForDSP;
        state.key = kStateKeys[index];
        state.label = kStateKeys[index];
        state.defaultValue = instance_.state(kStateKeys[index]).c_str();
    }

    float getParameterValue(std::uint32_t index) const override {
        return instance_.value(static_cast<int>(index));
    }

    void setParameterValue(std::uint32_t index, float value) override {
        instance_.set_value(static_cast<int>(index), value);
    }

    void parameterTouched(std::uint32_t index, bool touched) override {
        instance_.touch(static_cast<int>(index), touched);
    }

    String getState(const char* key) const override { return String(instance_.state(key).c_str()); }

    void setState(const char* key, const char* value) override {
        if (std::strcmp(key, kTouchKey) != 0) return instance_.set_state(key, value);
        bool touched = false;
        const int control = touched_control(value, touched);
        if (control >= 0) instance_.touch(control, touched);
    }

    void activate() override {
        lv2_bars_ = anacrusis::Lv2Bars(getSampleRate());
        instance_.activate(getSampleRate(), getBufferSize());
        setLatency(instance_.latency_frames());
    }

    void deactivate() override { instance_.deactivate(); }

    void run(const float** inputs, float** outputs, std::uint32_t frames, const MidiEvent* events,
             std::uint32_t event_count) override {
        const TimePosition& position = getTimePosition();
        anacrusis::HostTime time = host_time(position);
        if (position.host.countsBarBeat || position.host.countsBeat)
            lv2_bars_.apply(count_of(position.host), frames, time);
        instance_.run(time, inputs, outputs, frames, midi_.data(),
                      take_midi(events, event_count));
        setLatency(instance_.latency_frames());
    }

private:
    std::uint32_t take_midi(const MidiEvent* events, std::uint32_t count) noexcept {
        std::uint32_t taken = 0;
        for (std::uint32_t i = 0; i < count && taken < kMaxMidiMessages; ++i) {
            anacrusis::MidiMessage& message = midi_[taken];
            if (events[i].size == 0 || events[i].size > message.bytes.size()) continue;
            message.offset = events[i].frame;
            message.size = static_cast<std::uint8_t>(events[i].size);
            std::copy_n(events[i].data, events[i].size, message.bytes.begin());
            ++taken;
        }
        return taken;
    }

    mutable anacrusis::Instance instance_;  // state() is not const
    anacrusis::Lv2Bars lv2_bars_{48000.0};
    std::array<anacrusis::MidiMessage, kMaxMidiMessages> midi_{};

    DISTRHO_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(AnacrusisPlugin)
};

Plugin* createPlugin() { return new AnacrusisPlugin; }

END_NAMESPACE_DISTRHO

anacrusis::Instance& anacrusis::instance_of(void* plugin_instance_pointer) noexcept {
    auto* const plugin = static_cast<DISTRHO::Plugin*>(plugin_instance_pointer);
    return static_cast<DISTRHO::AnacrusisPlugin*>(plugin)->instance();
}
