"""Conan 2 recipe, which packages the sources that it lies in: conan create cmake/packaging/conan"""

import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load

required_conan_version = ">=2.0"
ROOT = os.path.join("..", "..", "..")


class AsioNatpmp(ConanFile):
    name = "asio-natpmp"
    description = "NAT-PMP client for Asio"
    license = "BSL-1.0"
    author = "The asio-natpmp authors"
    topics = ("nat-pmp", "port-forwarding", "asio", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    no_copy_source = True

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, ROOT, "include/natpmp/version.hpp"))
        self.version = re.search(r'NATPMP_VERSION_STRING "([0-9.]+)"', header)[1]

    def export_sources(self):
        root = os.path.join(self.recipe_folder, ROOT)
        copy(self, "LICENSE", src=root, dst=self.export_sources_folder)
        copy(self, "include/*.hpp", src=root, dst=self.export_sources_folder)

    def layout(self):
        self.folders.root = ROOT

    def requirements(self):
        self.requires("asio/[>=1.22.1]", transitive_headers=True)

    def package_id(self):
        self.info.clear()

    def validate(self):
        check_min_cppstd(self, 20)

    def package(self):
        licenses = os.path.join(self.package_folder, "licenses")
        copy(self, "LICENSE", src=self.source_folder, dst=licenses)
        copy(self, "include/*.hpp", src=self.source_folder, dst=self.package_folder)

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "asio-natpmp")
        self.cpp_info.set_property("cmake_target_name", "asio-natpmp::asio-natpmp")
        self.cpp_info.set_property("pkg_config_name", "asio-natpmp")
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        if self.settings.os == "Windows":
            self.cpp_info.system_libs = ["ws2_32", "mswsock", "iphlpapi"]
        elif self.settings.os == "Linux":
            self.cpp_info.system_libs = ["pthread"]
