// Copy and paste of text. Nothing here waits for another program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ui/x11_link.hpp"

namespace anacrusis::ui {

/// The UI's thread only. What was copied is there as long as the window.
class X11Clipboard {
public:
    explicit X11Clipboard(X11Link& link) noexcept : link_(link) {}

    void copy(std::string text);
    /// The text at once where it was copied here, else in a later idle(), if there is any.
    std::optional<std::string> ask();
    /// To be called often. The text that was asked for, once it came.
    std::optional<std::string> idle();

private:
    static constexpr std::uint32_t kMaxBytes = 64 * 1024;

    bool know_atoms() noexcept;
    bool is_ours() noexcept;
    void convert(xcb_atom_t type) noexcept;
    void answer(const xcb_selection_request_event_t& request);
    std::optional<std::string> receive(const xcb_selection_notify_event_t& notice);

    X11Link& link_;
    xcb_atom_t clipboard_ = 0, utf8_ = 0, targets_ = 0, plain_ = 0, plain_utf8_ = 0, property_ = 0;
    std::string copied_;
};

}  // namespace anacrusis::ui
