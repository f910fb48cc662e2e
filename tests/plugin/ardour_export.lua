-- Opens the session and exports it as often as asked, one after the other.
-- P is written before this by ardour_host.py.
AudioEngine:set_backend("None (Dummy)", "", "")
assert(load_session(P.folder, P.name), "no session")
for _, name in ipairs(P.exports) do
    local export = Session:simple_export()
    export:set_folder(P.out)
    export:set_name(name)
    export:set_range(0, P.frames)
    assert(export:set_preset(P.preset), "no export preset")
    export:check_outputs()
    assert(export:run_export(), "the export failed")
end
close_session()
quit()
