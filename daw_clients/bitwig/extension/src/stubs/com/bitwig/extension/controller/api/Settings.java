// A stand-in with the documented signatures that the adapter calls; it is compiled against, and not shipped.
package com.bitwig.extension.controller.api;

public interface Settings {
    SettableRangedValue getNumberSetting(String label, String category, double minValue, double maxValue,
            double stepResolution, String unit, double initialValue);

    SettableEnumValue getEnumSetting(String label, String category, String[] options, String initialValue);

    SettableStringValue getStringSetting(String label, String category, int numChars, String initialText);
}
