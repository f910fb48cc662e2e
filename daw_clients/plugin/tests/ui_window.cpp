// A host of one window, driven by lines on standard input; what the window tells its host goes to standard
// output, one line each. For tests that need an X server, and for looking at it.
//
//   param INDEX VALUE | state KEY TEXT    as told by a host
//   value INDEX VALUE | word KEY TEXT     for the window to read from the plugin; "read" is the answer
//   scale FACTOR | size W H | quit
#include "src/DistrhoUIInternal.hpp"

#include <poll.h>
#include <unistd.h>
#include <xcb/xcb.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "generated/plugin_controls.hpp"
#include "ui/plugin_side.hpp"

USE_NAMESPACE_DISTRHO

namespace {

struct Host {
    static void edit(void*, uint32_t index, bool started) {
        say("edit " + std::to_string(index) + (started ? " 1" : " 0"));
    }
    static void set(void*, uint32_t index, float value) {
        say("param " + std::to_string(index) + " " + std::to_string(value));
    }
    static void state(void*, const char* key, const char* value);
    static void note(void*, uint8_t, uint8_t, uint8_t) {}
    static void size(void*, uint width, uint height) {
        say("size " + std::to_string(width) + " " + std::to_string(height));
    }
    static bool file(void*, const char*) { return false; }
    static void say(const std::string& line) {
        std::puts(line.c_str());
        std::fflush(stdout);
    }
};

/// The plugin's side, where it was given words at all.
struct Plugin {
    bool is_there = false;
    std::map<std::string, std::string> words, read;
    std::array<float, anacrusis::kControlCount> values{};
} plugin;

void Host::state(void*, const char* key, const char* value) {
    plugin.words[key] = value;
    say("state " + std::string(key) + " " + value);
}

class Side final : public anacrusis::ui::PluginSide {
public:
    std::string state(const char* key) override {
        const std::string& words = plugin.words[key];
        if (plugin.read[key] != words) Host::say("read " + std::string(key) + " " + words);
        return plugin.read[key] = words;
    }
    float value(int control) const noexcept override {
        return plugin.values[static_cast<std::size_t>(control)];
    }
};

/// The window of the host's own around the plugin's.
class Frame {
public:
    Frame() : x_(xcb_connect(nullptr, nullptr)) {
        const xcb_screen_t* screen = xcb_setup_roots_iterator(xcb_get_setup(x_)).data;
        window_ = xcb_generate_id(x_);
        const uint32_t values[] = {screen->black_pixel, XCB_EVENT_MASK_KEY_PRESS};
        xcb_create_window(x_, XCB_COPY_FROM_PARENT, window_, screen->root, 0, 0, 700, 500, 0,
                          XCB_WINDOW_CLASS_INPUT_OUTPUT, screen->root_visual,
                          XCB_CW_BACK_PIXEL | XCB_CW_EVENT_MASK, values);
        xcb_map_window(x_, window_);
        xcb_set_input_focus(x_, XCB_INPUT_FOCUS_PARENT, window_, XCB_CURRENT_TIME);
        xcb_flush(x_);
    }
    ~Frame() { xcb_disconnect(x_); }

    uintptr_t window() const { return window_; }

    void idle() {
        while (xcb_generic_event_t* event = xcb_poll_for_event(x_)) {
            const auto* const key = reinterpret_cast<const xcb_key_press_event_t*>(event);
            if ((event->response_type & 0x7F) == XCB_KEY_PRESS)
                Host::say("key " + std::to_string(key->detail));
            std::free(event);
        }
    }

    bool shows(uint32_t child) {
        const auto asked = xcb_get_window_attributes(x_, child);
        xcb_get_window_attributes_reply_t* const reply = xcb_get_window_attributes_reply(x_, asked, nullptr);
        const bool viewable = reply != nullptr && reply->map_state == XCB_MAP_STATE_VIEWABLE;
        std::free(reply);
        return viewable;
    }

    void resize_child(uint32_t child, uint32_t width, uint32_t height) {
        const uint32_t values[] = {width, height};
        xcb_configure_window(x_, child, XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, values);
        xcb_flush(x_);
    }

private:
    xcb_connection_t* x_;
    xcb_window_t window_;
};

float number(const std::string& word) { return std::strtof(word.c_str(), nullptr); }  // "nan" too

uint32_t whole(const std::string& word) { return static_cast<uint32_t>(std::stoul(word)); }

bool obey(const std::string& line, UIExporter& ui, Frame& frame) {
    std::istringstream words(line);
    std::string verb, one, rest;
    words >> verb >> one;
    std::getline(words >> std::ws, rest);
    if (verb == "quit") return false;
    if (verb == "param") ui.parameterChanged(whole(one), number(rest));
    if (verb == "state") ui.stateChanged(one.c_str(), rest.c_str());
    if (verb == "value") plugin.values.at(whole(one)) = number(rest);
    if (verb == "word") plugin.words[one] = rest;
    if (verb == "scale") ui.notifyScaleFactorChanged(number(one));
    if (verb == "size") {
        frame.resize_child(static_cast<uint32_t>(ui.getNativeWindowHandle()), whole(one), whole(rest));
        Host::say("sized");
    }
    return true;
}

bool obey_input(std::string& pending, UIExporter& ui, Frame& frame) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, 16) <= 0) return true;
    char bytes[4096];
    const ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count <= 0) return false;
    pending.append(bytes, static_cast<std::size_t>(count));
    for (std::size_t end; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1))
        if (!obey(pending.substr(0, end), ui, frame)) return false;
    return true;
}

}  // namespace

std::unique_ptr<anacrusis::ui::PluginSide> anacrusis::ui::plugin_side(void*) {
    return plugin.is_there ? std::make_unique<Side>() : nullptr;
}

/// Arguments: the scale the host asks for; "side" where the window can read the plugin.
int main(int argc, char** argv) {
    plugin.is_there = argc > 2 && std::string(argv[2]) == "side";
    Frame frame;
    const double scale = argc > 1 ? std::strtod(argv[1], nullptr) : 1.0;
    UIExporter ui(nullptr, frame.window(), 48000.0, Host::edit, Host::set, Host::state, Host::note,
                  Host::size, Host::file, nullptr, nullptr, scale);
    while (!frame.shows(static_cast<uint32_t>(ui.getNativeWindowHandle()))) ui.plugin_idle();
    Host::say("ready " + std::to_string(ui.getWidth()) + " " + std::to_string(ui.getHeight()));
    std::string pending;
    while (obey_input(pending, ui, frame) && ui.plugin_idle()) frame.idle();
    return 0;
}
