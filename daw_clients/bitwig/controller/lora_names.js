// The field for LoRAs: names between commas, place by place; `, tape` is one in place 2. Plain ES5, no host
// objects.

var LORA_PLACES = 4;
/** A name as the engine's library has them, and blanks around it. */
var LORA_NAME = /^[ \t\r\n]*([0-9A-Za-z_.\-]{0,64})[ \t\r\n]*$/;

/**
 * @param {string} text
 * @returns {?string[]} the name in each place, empty where there is none; null where it is no such list
 */
function loraNames(text) {
    var names = noLoras(), parts = text.split(",");
    for (var i = 0; i < parts.length; i++) {
        var found = LORA_NAME.exec(parts[i]);
        if (found === null || (i >= LORA_PLACES && found[1] !== "")) {
            return null;
        }
        names[i] = found[1];
    }
    return names.slice(0, LORA_PLACES);
}

/** No name in any place. */
function noLoras() {
    return ["", "", "", ""];
}
