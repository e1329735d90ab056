#include "files/read.h"

#include "files/stamp.h"
#include "support/scratch_folder.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace pgrepl::files {
namespace {

using ::testing::StartsWith;

class Read : public ::testing::Test {
 protected:
  testing::ScratchFolder folder;
};

TEST_F(Read, GivesAFileByteForByte) {
  const std::string text{"a\0b\r\n\xFF", 6};
  EXPECT_EQ(read(folder.write("f", text)), text);
  EXPECT_EQ(read(folder.write("empty", "")), "");
  const std::string large(300'000, 'x');
  EXPECT_EQ(read(folder.write("large", large)), large);
}

TEST_F(Read, FollowsSymbolicLinks) {
  folder.write("real", "secret");
  std::filesystem::create_symlink("real", folder / "link");
  EXPECT_EQ(read(folder / "link"), "secret");
}

TEST_F(Read, TakesFilesThatSayTheyAreEmptyAndAreNot) {
  EXPECT_THAT(read("/proc/self/status").value(), StartsWith("Name:"));
}

TEST_F(Read, RefusesWhatIsNoRegularFileAndSaysWhatItIs) {
  std::filesystem::create_directory(folder / "directory");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read(folder / "directory").error(), "is a directory, not a regular file");
  EXPECT_EQ(read(folder / "pipe").error(), "is a named pipe, not a regular file");
  EXPECT_EQ(read("/dev/zero").error(), "is a device, not a regular file");
}

TEST_F(Read, RefusesASocket) {
  const std::string path = folder / "socket";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int listening = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(read(path).error(), "is a socket, not a regular file");
  ::close(listening);
}

TEST_F(Read, TellsWhatDoesNotExistFromWhatCannotBeRead) {
  EXPECT_EQ(read(folder / "absent").error(), "does not exist");
  std::filesystem::create_symlink("loop", folder / "loop");
  EXPECT_EQ(read(folder / "loop").error(), "cannot be read: Too many levels of symbolic links");
  EXPECT_EQ(read(folder / std::string(300, 'x')).error(), "cannot be read: File name too long");
  EXPECT_EQ(read(folder.write("f", "") + "/below").error(), "cannot be read: Not a directory");
  EXPECT_EQ(read(std::string{"a\0b", 3}).error(), "cannot be read: a file name holds no null byte");
  EXPECT_EQ(read("").error(), "does not exist");
}

TEST_F(Read, ReportsAnErrorThatComesWithTheFirstByte) {
  // Reading at address 0 of a process is an EIO.
  EXPECT_EQ(read("/proc/self/mem").error(), "cannot be read: Input/output error");
}

TEST_F(Read, SaysThatPermissionIsMissing) {
  if (::geteuid() == 0) {
    // Root may read everything, so another user must ask. The effective user of this process only.
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const auto text = read("/proc/1/environ");
  if (::getuid() == 0) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_EQ(text.error(), "cannot be read: Permission denied");
}

TEST_F(Read, TakesAFileAsLargeAsTheLimitAndNoLarger) {
  EXPECT_EQ(read(folder.write("four", "1234"), 4), "1234");
  EXPECT_EQ(read(folder.write("five", "12345"), 4).error(), "is larger than 4 bytes");
  EXPECT_EQ(read(folder.write("empty", ""), 0), "");
}

TEST_F(Read, APasswordIsTheFileWithoutItsLastEndsOfLines) {
  EXPECT_EQ(read_password(folder.write("p", " a\nb \r\n\n")), " a\nb ");
  EXPECT_EQ(read_password(folder.write("p", "\n")), "");
  EXPECT_EQ(
      read_password(folder.write("p", std::string(kLargestPassword + 1, 'x'))).error(),
      "is larger than 65536 bytes"
  );
}

TEST_F(Read, KnowsWhatNoLibraryMustOpen) {
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(why_not_regular(folder / "pipe"), "is a named pipe, not a regular file");
  EXPECT_EQ(why_not_regular(folder.write("f", "")), std::nullopt);
  EXPECT_EQ(why_not_regular(folder / "absent"), std::nullopt);
}

TEST_F(Read, AStampTellsEveryChangeOfAFile) {
  const std::string path = folder / "f";
  const Stamp absent = stamp_of(path);
  EXPECT_EQ(stamp_of(path), absent);
  folder.write("f", "1");
  const Stamp first = stamp_of(path);
  EXPECT_NE(first, absent);
  EXPECT_EQ(stamp_of(path), first);
  folder.write("next", "1");
  std::filesystem::rename(folder / "next", path);
  const Stamp replaced = stamp_of(path);
  EXPECT_NE(replaced, first);
  folder.write("f", "12");
  EXPECT_NE(stamp_of(path), replaced);
  std::filesystem::remove(path);
  EXPECT_EQ(stamp_of(path), absent);
}

TEST_F(Read, WaitsForNobodyWhoWritesToAPipe) {
  const std::string pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::filesystem::create_symlink("pipe", folder / "link");
  EXPECT_EQ(read(folder / "link").error(), "is a named pipe, not a regular file");
  EXPECT_EQ(read_password(pipe).error(), "is a named pipe, not a regular file");
  EXPECT_EQ(why_not_regular(folder / "link"), "is a named pipe, not a regular file");
  EXPECT_EQ(why_not_regular("/dev/null"), "is a device, not a regular file");
  EXPECT_EQ(why_not_regular(folder / ""), "is a directory, not a regular file");
}

TEST_F(Read, IsBoundedByWhatComesAndNotByWhatTheFileSays) {
  // Files of /proc say that they have no bytes.
  EXPECT_EQ(read("/proc/self/status", 4).error(), "is larger than 4 bytes");
  EXPECT_EQ(read(folder.write("one", "1"), 0).error(), "is larger than 0 bytes");
  const std::string blocks(2 * 16384, 'x');
  EXPECT_EQ(read(folder.write("blocks", blocks), blocks.size()), blocks);
  EXPECT_EQ(
      read(folder.write("more", blocks + 'x'), blocks.size()).error(), "is larger than 32768 bytes"
  );
}

TEST_F(Read, ErrorsNameNoContent) {
  const std::string path = folder.write("secret", std::string(70'000, 's'));
  EXPECT_EQ(read_password(path).error(), "is larger than 65536 bytes");
}

TEST_F(Read, APasswordMayBeOfAnyBytesButLineEnds) {
  EXPECT_EQ(read_password(folder.write("p", "\r\n\r\n")), "");
  EXPECT_EQ(read_password(folder.write("p", "a\r")), "a");
  EXPECT_EQ(read_password(folder.write("p", "\na")), "\na");
  EXPECT_EQ(read_password(folder.write("p", "a\t \n")), "a\t ");
  const std::string zero{"a\0b\n", 4};
  EXPECT_EQ(read_password(folder.write("p", zero)), (std::string{"a\0b", 3}));
  EXPECT_EQ(read_password(folder / "absent").error(), "does not exist");
}

// A program can set the time of change of a file's content back, and not that of the file.
TEST_F(Read, AStampTellsAFileThatWasWrittenAnewAndDatedBack) {
  const std::string path = folder.write("f", "old");
  const auto written = std::filesystem::last_write_time(path);
  const Stamp before = stamp_of(path);
  folder.write("f.new", "new");
  std::filesystem::rename(folder / "f.new", path);
  std::filesystem::last_write_time(path, written);
  EXPECT_EQ(std::filesystem::file_size(path), 3U);
  EXPECT_NE(stamp_of(path), before);
}

TEST_F(Read, AStampFollowsLinksAsKubernetesTurnsThem) {
  folder.write("v1", "1");
  folder.write("v2", "2");
  std::filesystem::create_symlink("v1", folder / "current");
  const Stamp before = stamp_of(folder / "current");
  std::filesystem::create_symlink("v2", folder / "next");
  std::filesystem::rename(folder / "next", folder / "current");
  EXPECT_NE(stamp_of(folder / "current"), before);
  EXPECT_NE(stamp_of(folder / "v1"), stamp_of(folder / "v2"));
}

}  // namespace
}  // namespace pgrepl::files
