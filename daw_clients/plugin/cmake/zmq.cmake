# The target anacrusis_zmq: the system's libzmq, or one linked in (see cmake/build_zmq.sh).
add_library(anacrusis_zmq INTERFACE)
find_package(Threads REQUIRED)

if(ANACRUSIS_STATIC_ZMQ)
    target_include_directories(anacrusis_zmq SYSTEM INTERFACE "${ANACRUSIS_STATIC_ZMQ}/include")
    target_compile_definitions(anacrusis_zmq INTERFACE ZMQ_STATIC)
    target_link_libraries(anacrusis_zmq INTERFACE "${ANACRUSIS_STATIC_ZMQ}/lib/libzmq.a" Threads::Threads rt)
else()
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(LIBZMQ REQUIRED IMPORTED_TARGET libzmq)
    target_link_libraries(anacrusis_zmq INTERFACE PkgConfig::LIBZMQ Threads::Threads)
endif()
