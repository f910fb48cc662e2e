// The window's colours and letter sizes.
#pragma once

#include <cstdint>

namespace anacrusis::ui {

struct Colour {
    double red = 0.0, green = 0.0, blue = 0.0, alpha = 1.0;
};

/// 0xRRGGBB
constexpr Colour rgb(std::uint32_t hex, double alpha = 1.0) noexcept {
    return {((hex >> 16U) & 0xFFU) / 255.0, ((hex >> 8U) & 0xFFU) / 255.0, (hex & 0xFFU) / 255.0, alpha};
}

inline constexpr Colour kBackground = rgb(0x1b1e23);
inline constexpr Colour kHeader = rgb(0x22262d);
inline constexpr Colour kWell = rgb(0x14171b);       // fields, tracks
inline constexpr Colour kRaised = rgb(0x2b3038);     // buttons, lists
inline constexpr Colour kLine = rgb(0x3a414b);
inline constexpr Colour kText = rgb(0xdfe3e8);
inline constexpr Colour kMuted = rgb(0x98a1ae);
inline constexpr Colour kFaint = rgb(0x626b78);
inline constexpr Colour kAccent = rgb(0x74b8a6);
inline constexpr Colour kSelection = rgb(0x3d6a60);

inline constexpr Colour kGrey = rgb(0x7d8693);
inline constexpr Colour kGreen = rgb(0x6cc28a);
inline constexpr Colour kAmber = rgb(0xe3b34f);
inline constexpr Colour kRed = rgb(0xe5695f);

struct Font {
    double size = 13.0;
    bool bold = false;
};

inline constexpr Font kStatusFont{18.0, true};
inline constexpr Font kTextFont{13.0, false};
inline constexpr Font kLabelFont{12.0, false};
inline constexpr Font kValueFont{12.0, true};
inline constexpr Font kHelpFont{11.5, false};
inline constexpr Font kSmallFont{11.0, false};

}  // namespace anacrusis::ui
