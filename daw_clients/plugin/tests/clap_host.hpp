// The least CLAP host that plays: one plugin, stereo, events and a transport. For the tests.
#pragma once

#include <dlfcn.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "clap/entry.h"
#include "clap/ext/params.h"
#include "clap/plugin-factory.h"
#include "core/contract.hpp"

namespace small_host {

struct Parameter {
    clap_id id;
    std::string name;
    double minimum, maximum;
};

/// Events of one block, in order of time. Clearing keeps the memory.
class Events {
public:
    Events() {
        list_.ctx = this;
        list_.size = [](const clap_input_events* list) { return self(list).count_; };
        list_.get = [](const clap_input_events* list, std::uint32_t index) {
            return &self(list).events_[index].header;
        };
    }
    void clear() { count_ = 0; }

    void value(std::uint32_t time, clap_id parameter, double value) {
        clap_event_param_value& event = add<clap_event_param_value>(time, CLAP_EVENT_PARAM_VALUE);
        event.param_id = parameter;
        event.note_id = -1;
        event.port_index = event.channel = event.key = -1;
        event.value = value;
    }
    void gesture(std::uint32_t time, clap_id parameter, bool begins) {
        const int type = begins ? CLAP_EVENT_PARAM_GESTURE_BEGIN : CLAP_EVENT_PARAM_GESTURE_END;
        add<clap_event_param_gesture>(time, type).param_id = parameter;
    }
    void note(std::uint32_t time, std::int16_t key, bool on) {
        clap_event_note& event = add<clap_event_note>(time, on ? CLAP_EVENT_NOTE_ON : CLAP_EVENT_NOTE_OFF);
        event.note_id = -1;
        event.key = key;
        event.velocity = 0.5;
    }
    const clap_input_events* list() const { return &list_; }

private:
    union Event {
        clap_event_header header;
        clap_event_param_value value;
        clap_event_param_gesture gesture;
        clap_event_note note;
    };
    static const Events& self(const clap_input_events* list) {
        return *static_cast<const Events*>(list->ctx);
    }

    template <typename Kind>
    Kind& add(std::uint32_t time, int type) {
        if (count_ == events_.size()) {
            events_.emplace_back();
        }
        Event& event = events_[count_++];
        std::memset(&event, 0, sizeof event);
        event.header = {sizeof(Kind), time, CLAP_CORE_EVENT_SPACE_ID, static_cast<std::uint16_t>(type), 0};
        return *reinterpret_cast<Kind*>(&event);
    }
    std::vector<Event> events_{64};
    std::uint32_t count_ = 0;
    clap_input_events list_{};
};

inline clap_beattime beats(double quarters) {
    return static_cast<clap_beattime>(std::llround(quarters * static_cast<double>(CLAP_BEATTIME_FACTOR)));
}
inline clap_sectime seconds(double time) {
    return static_cast<clap_sectime>(std::llround(time * static_cast<double>(CLAP_SECTIME_FACTOR)));
}

/// A host's time as CLAP tells it.
inline clap_event_transport transport_of(const anacrusis::HostTime& time, double rate_hz) {
    clap_event_transport told{};
    told.header = {sizeof told, 0, CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_TRANSPORT, 0};
    told.flags = CLAP_TRANSPORT_HAS_TEMPO | CLAP_TRANSPORT_HAS_TIME_SIGNATURE;
    told.flags |= CLAP_TRANSPORT_HAS_BEATS_TIMELINE | CLAP_TRANSPORT_HAS_SECONDS_TIMELINE;
    told.flags |= time.playing ? CLAP_TRANSPORT_IS_PLAYING : 0;
    told.flags |= time.looping ? CLAP_TRANSPORT_IS_LOOP_ACTIVE : 0;
    told.song_pos_beats = beats(time.ppq);
    told.song_pos_seconds = seconds(static_cast<double>(time.frame) / rate_hz);
    told.tempo = time.bpm;
    told.loop_start_beats = beats(time.loop_start_ppq);
    told.loop_end_beats = beats(time.loop_end_ppq);
    told.bar_start = beats(time.bar_start_ppq);
    told.tsig_num = static_cast<std::uint16_t>(time.numerator);
    told.tsig_denom = static_cast<std::uint16_t>(time.denominator);
    return told;
}

/// Loads, activates and plays a plugin; throws std::runtime_error with words where that can't be.
class Plugin {
public:
    Plugin(const std::string& path, double rate_hz, std::uint32_t max_block_frames) {
        library_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (library_ == nullptr) {
            throw std::runtime_error(dlerror());
        }
        entry_ = static_cast<const clap_plugin_entry*>(dlsym(library_, "clap_entry"));
        if (entry_ == nullptr || !entry_->init(path.c_str())) {
            throw std::runtime_error("no CLAP entry");
        }
        const auto* factory =
            static_cast<const clap_plugin_factory*>(entry_->get_factory(CLAP_PLUGIN_FACTORY_ID));
        host_ = {CLAP_VERSION, nullptr, "realtime_count", "", "", "1",
                 [](const clap_host*, const char*) -> const void* { return nullptr; },
                 [](const clap_host*) {}, [](const clap_host*) {}, [](const clap_host*) {}};
        plugin_ = factory->create_plugin(factory, &host_, factory->get_plugin_descriptor(factory, 0)->id);
        if (plugin_ == nullptr || !plugin_->init(plugin_) ||
            !plugin_->activate(plugin_, rate_hz, 1, max_block_frames) ||
            !plugin_->start_processing(plugin_)) {
            throw std::runtime_error("the plugin doesn't start");
        }
    }
    ~Plugin() {
        plugin_->stop_processing(plugin_);
        plugin_->deactivate(plugin_);
        plugin_->destroy(plugin_);
        entry_->deinit();
        dlclose(library_);
    }
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;

    /// Those that a host may set.
    std::vector<Parameter> parameters() const {
        const auto* params =
            static_cast<const clap_plugin_params*>(plugin_->get_extension(plugin_, CLAP_EXT_PARAMS));
        std::vector<Parameter> found;
        for (std::uint32_t index = 0; params != nullptr && index < params->count(plugin_); ++index) {
            clap_param_info info{};
            if (params->get_info(plugin_, index, &info) && (info.flags & CLAP_PARAM_IS_READONLY) == 0) {
                found.push_back({info.id, info.name, info.min_value, info.max_value});
            }
        }
        return found;
    }

    /// A block, for Process to do: nothing of the host's own is done between the two.
    struct Block {
        clap_process process{};
        clap_event_transport transport{};
        clap_audio_buffer in{}, out{};
        float* ins[2] = {nullptr, nullptr};
        float* outs[2] = {nullptr, nullptr};
        clap_output_events sink{nullptr,
                                [](const clap_output_events*, const clap_event_header*) { return true; }};
    };
    void fill(Block& block, const anacrusis::HostTime& time, double rate_hz, std::uint32_t frames,
              const Events& events) const {
        block.transport = transport_of(time, rate_hz);
        block.in = {block.ins, nullptr, 2, 0, 0};
        block.out = {block.outs, nullptr, 2, 0, 0};
        block.process = {-1, frames, &block.transport, &block.in, &block.out,
                         1,  1,      events.list(),    &block.sink};
    }
    clap_process_status process(const Block& block) const {
        return plugin_->process(plugin_, &block.process);
    }

private:
    void* library_ = nullptr;
    const clap_plugin_entry* entry_ = nullptr;
    const clap_plugin* plugin_ = nullptr;
    clap_host host_{};
};

}  // namespace small_host
