// Values in words and numbers. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace anacrusis::ui {

/// A control's value with its unit ("0.60", "+3.0 dB", "750 ms", "next bar").
std::string value_text(int control, float value);

/// The words of a choice: the protocol's, with spaces.
std::string choice_text(int control, int choice);

/// A whole number; nothing where the text is none.
std::optional<long> whole_number(std::string_view text) noexcept;

}  // namespace anacrusis::ui
