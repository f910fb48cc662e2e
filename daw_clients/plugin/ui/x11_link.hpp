// The window's own connection to the X server, beside the one of DPF's pugl.
//
// Why there is one: pugl 1.6 asks for the property None when nobody owns the clipboard, or its owner
// declines, and Xlib answers that X error by ending the host's process; and it can neither give the
// keyboard back nor pass on keys it has no use for. Through XCB an error is a reply of this connection
// alone.
#pragma once

#include <xcb/xcb.h>

#include <cstdint>
#include <cstdlib>
#include <memory>

namespace anacrusis::ui {

struct Freed {
    void operator()(void* memory) const noexcept { std::free(memory); }
};
/// Replies, events and errors of XCB.
template <class Reply>
using XcbReply = std::unique_ptr<Reply, Freed>;

/// Opened at the first use, closed with the window. The UI's thread only.
class X11Link {
public:
    X11Link() = default;
    ~X11Link();
    X11Link(const X11Link&) = delete;
    X11Link& operator=(const X11Link&) = delete;

    /// Null where no server answers.
    xcb_connection_t* get() noexcept;
    /// A window never shown, for selections; 0 where there is no server.
    xcb_window_t helper() noexcept;
    xcb_atom_t atom(const char* name) noexcept;

private:
    xcb_connection_t* connection_ = nullptr;
    xcb_window_t helper_ = 0;
    bool tried_ = false;
};

}  // namespace anacrusis::ui
