# Sets ANACRUSIS_DPF: a copy of DPF in the build folder with our patch applied. Made anew where the patch
# changes.
set(ANACRUSIS_DPF "${CMAKE_BINARY_DIR}/dpf")
set(ANACRUSIS_DPF_INFO "${CMAKE_CURRENT_SOURCE_DIR}/dpf")
set(dpf_patch "${CMAKE_CURRENT_SOURCE_DIR}/dpf/anacrusis-dpf.patch")
set(dpf_stamp "${ANACRUSIS_DPF}/.patched")

if(NOT EXISTS "${ANACRUSIS_DPF_SOURCE}/distrho/DistrhoPlugin.hpp")
    message(FATAL_ERROR "DPF is missing in ${ANACRUSIS_DPF_SOURCE}; on Debian: apt-get install dpf-source")
endif()

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${dpf_patch}")
file(SHA256 "${dpf_patch}" patch_hash)
set(stamped "")
if(EXISTS "${dpf_stamp}")
    file(READ "${dpf_stamp}" stamped)
endif()

if(NOT stamped STREQUAL patch_hash)
    file(REMOVE_RECURSE "${ANACRUSIS_DPF}")
    file(COPY "${ANACRUSIS_DPF_SOURCE}/" DESTINATION "${ANACRUSIS_DPF}")
    find_program(PATCH patch REQUIRED)
    execute_process(
        COMMAND "${PATCH}" --strip=1 --fuzz=0 --quiet "--input=${dpf_patch}"
        WORKING_DIRECTORY "${ANACRUSIS_DPF}" RESULT_VARIABLE failed)
    if(failed)
        message(FATAL_ERROR "Our patch is for DPF 1.6 and doesn't fit the one in ${ANACRUSIS_DPF_SOURCE}.")
    endif()
    file(WRITE "${dpf_stamp}" "${patch_hash}")
endif()
