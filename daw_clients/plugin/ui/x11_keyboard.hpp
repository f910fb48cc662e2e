// The keyboard: taken while a field is under edit, given back after it, and keys nobody here wants are
// passed on to the host.
#pragma once

#include "ui/x11_link.hpp"

namespace anacrusis::ui {

/// A key event as the host shall get it.
struct PassedKey {
    bool press = false;
    std::uint8_t keycode = 0;
    std::uint16_t state = 0;      // X modifiers
    std::uint32_t time_ms = 0;    // of the server
};

/// The UI's thread only. Every call is a question or two to the local X server.
class X11Keyboard {
public:
    explicit X11Keyboard(X11Link& link) noexcept : link_(link) {}

    /// Keys go to ``window`` from now on; who had them before is remembered.
    void take(xcb_window_t window) noexcept;
    /// Back to who had them, if ``window`` still has them.
    void give_back(xcb_window_t window) noexcept;
    /// To be asked now and then between take() and give_back(). True: the window had the keyboard and
    /// somebody else took it.
    bool is_lost(xcb_window_t window) noexcept;

    /// To the window that holds ``window``.
    void pass_on(xcb_window_t window, const PassedKey& key) noexcept;

private:
    xcb_window_t focused() noexcept;
    void focus(xcb_window_t window) noexcept;

    X11Link& link_;
    xcb_window_t before_ = XCB_WINDOW_NONE;
    bool had_it_ = false;
};

}  // namespace anacrusis::ui
