#include "core/instance.hpp"

#include <algorithm>
#include <cmath>

namespace anacrusis {

Instance::Instance() {
    for (int control = 0; control < kControlCount; ++control) {
        shared_.values[static_cast<std::size_t>(control)].store(kControls[control].default_value,
                                                                std::memory_order_relaxed);
    }
}

Instance::~Instance() { deactivate(); }

void Instance::activate(double rate_hz, std::uint32_t max_block_frames) {
    net_.stop();
    if (audio_.prepare(rate_hz, max_block_frames)) {
        shared_.bounce_timed_out.store(false, std::memory_order_relaxed);
        net_.start(rate_hz, max_block_frames);
        return;
    }
    shared_.status.store(index_of(Status::refused), std::memory_order_relaxed);
    net_.explain_rate("The engine plays at rates that are a multiple of 25 Hz, from 8000 to 384000 Hz; "
                      "choose another in the host.");
}

void Instance::deactivate() {
    net_.stop();
    shared_.status.store(index_of(Status::off), std::memory_order_relaxed);
}

void Instance::set_value(int control, float value) noexcept {
    if (control < 0 || control >= kControlCount || !std::isfinite(value)) return;
    const ControlSpec& spec = kControls[control];
    if (spec.role == Role::display) return;
    shared_.values[static_cast<std::size_t>(control)].store(std::clamp(value, spec.minimum, spec.maximum),
                                                            std::memory_order_relaxed);
}

float Instance::value(int control) const noexcept {
    if (control < 0 || control >= kControlCount) return 0.0F;
    if (control == index_of(Control::status)) {
        return static_cast<float>(shared_.status.load(std::memory_order_relaxed));
    }
    if (control == index_of(Control::lead_ms)) return shared_.lead_ms.load(std::memory_order_relaxed);
    if (control == index_of(Control::late_bars)) return shared_.late_bars.load(std::memory_order_relaxed);
    return shared_.values[static_cast<std::size_t>(control)].load(std::memory_order_relaxed);
}

void Instance::touch(int control, bool touched) noexcept { audio_.touch(control, touched); }

void Instance::set_state(const char* key, const char* text) {
    if (key != nullptr && text != nullptr) net_.set_state(key, text);
}

std::string Instance::state(const char* key) { return key == nullptr ? std::string() : net_.state(key); }

std::uint32_t Instance::latency_frames() const noexcept {
    return shared_.latency_frames.load(std::memory_order_relaxed);
}

void Instance::run(const HostTime& host, const float* const in[2], float* const out[2], std::uint32_t frames,
                   const MidiMessage* midi, std::uint32_t midi_count) noexcept {
    audio_.run(host, in, out, frames, midi, midi_count);
}

}  // namespace anacrusis
