import Foundation
import Glibc
import Testing

@testable import Gateway

@Suite("Folders that are served")
struct StaticFolderTests {
    private func body(_ path: String, of folder: StaticFolder) -> String? {
        let bytes = Array(path.utf8)
        return folder.file(bytes.span, 0..<bytes.count).map { String(buffer: $0.whole.body) }
    }

    @Test("Files are found by their names, in folders below, too, and nothing else is")
    func names() async throws {
        let files = ["a.js": "a", "fonts/b.txt": "b", "LICENSE": "c", ".env": "d", ".git/config": "e", "é ü.txt": "f"]
        try await TestFolder.with(files) { folder in
            let files = try StaticFolder(folder.path, at: "/files/")
            #expect(body("/files/a.js", of: files) == "a")
            #expect(body("/files/fonts/b.txt", of: files) == "b")
            #expect(body("/files/LICENSE", of: files) == "c")
            #expect(body("/files/é ü.txt", of: files) == "f")
            let others = [
                "", "/", "/.env", "/.git/config", "/fonts", "/fonts/", "/b.txt", "/a.js/", "/A.js", "/../a.js",
            ]
            for path in others { #expect(body("/files\(path)", of: files) == nil, "\(path)") }
        }
    }

    @Test("A link within the folder is followed, as those of mounted configuration are")
    func links() async throws {
        try await TestFolder.with(["..1/a.js": "old", "..2/a.js": "new"]) { folder in
            try folder.link("..data", to: "..2")
            try folder.link("a.js", to: "..data/a.js")
            let files = try StaticFolder(folder.path, at: "/f/")
            #expect(body("/f/a.js", of: files) == "new")
        }
    }

    @Test("So is one to a folder, as long as no other name leads there")
    func linkedFolders() async throws {
        try await TestFolder.with(["..2/sub/deep/a.js": "a", "..2/b.js": "b"]) { folder in
            try folder.link("..data", to: "..2")
            try folder.link("sub", to: "..data/sub")
            try folder.link("b.js", to: "..data/b.js")
            let files = try StaticFolder(folder.path, at: "/f/")
            #expect(body("/f/sub/deep/a.js", of: files) == "a")
            #expect(body("/f/b.js", of: files) == "b")
            try folder.link("twin", to: "..2/sub")
            let error = #expect(throws: StaticFolderError.self) { try StaticFolder(folder.path, at: "/f/") }
            #expect(error?.message == "'\(folder.path)/twin' is a folder that is there by another name, too")
        }
        try await TestFolder.with(["a.txt": "a"]) { outside in
            try await TestFolder.with { folder in
                try folder.link("sub", to: outside.path)
                let error = #expect(throws: StaticFolderError.self) { try StaticFolder(folder.path, at: "/f/") }
                #expect(error?.message == "'\(folder.path)/sub' leads out of the folder")
            }
        }
    }

    @Test("A file is not in place of one that is missing, but for other versions of what pages load")
    func otherVersions() async throws {
        try await TestFolder.with(["backup.csv": "a", "app.js": "b"]) { folder in
            let files = try StaticFolder(folder.path, at: "/f/")
            #expect(body("/f/backup.202401011200.csv", of: files) == nil)
            #expect(body("/f/app.0123456789ab.js", of: files) == "b")
        }
    }

    @Test("What leads out of the folder, is no file or cannot be read is an error that names it")
    func errors() async throws {
        func message(_ folder: TestFolder) -> String? {
            #expect(throws: StaticFolderError.self) { try StaticFolder(folder.path, at: "/f/") }?.message
        }
        try await TestFolder.with(["secret.txt": "x"]) { outside in
            try await TestFolder.with { folder in
                try folder.link("a.txt", to: "\(outside.path)/secret.txt")
                #expect(message(folder) == "'\(folder.path)/a.txt' leads out of the folder")
            }
            try await TestFolder.with { folder in
                // A name that begins alike is another folder.
                try FileManager.default.createDirectory(
                    atPath: "\(folder.path)-other", withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(atPath: "\(folder.path)-other") }
                try Data().write(to: URL(fileURLWithPath: "\(folder.path)-other/x.txt"))
                try folder.link("x.txt", to: "\(folder.path)-other/x.txt")
                #expect(message(folder)?.hasSuffix("leads out of the folder") == true)
            }
        }
        try await TestFolder.with { folder in
            try folder.link("gone.txt", to: "nowhere")
            #expect(message(folder) == "'\(folder.path)/gone.txt' cannot be read")
        }
        try await TestFolder.with(["sub/a.txt": "a"]) { folder in
            try folder.link("circle", to: ".")
            #expect(message(folder)?.contains("circle'") == true)
        }
        try await TestFolder.with { folder in
            // Opened, it would wait for somebody who writes.
            #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
            #expect(message(folder) == "'\(folder.path)/pipe' is no file")
        }
        let missing = #expect(throws: StaticFolderError.self) { try StaticFolder("/nowhere/at/all", at: "/f/") }
        #expect(missing?.message == "the folder '/nowhere/at/all' cannot be found")
    }

    @Test("A folder may have so many bytes and files, and no more")
    func bounds() async throws {
        try await TestFolder.with(["a.txt": "12345", "b/c.txt": "67890"]) { folder in
            let full = try StaticFolder(folder.path, at: "/f/", sizeLimit: 10)
            #expect(body("/f/b/c.txt", of: full) == "67890")
            let large = #expect(throws: StaticFolderError.self) {
                try StaticFolder(folder.path, at: "/f/", sizeLimit: 9)
            }
            #expect(large?.message == "the folder has more than 9 bytes of files")
        }
        let most = Dictionary(uniqueKeysWithValues: (0..<StaticFolder.countLimit).map { ("\($0).txt", "") })
        try await TestFolder.with(most) { folder in
            #expect(throws: Never.self) { try StaticFolder(folder.path, at: "/f/") }
            try folder.write("more.txt", Data())
            let many = #expect(throws: StaticFolderError.self) { try StaticFolder(folder.path, at: "/f/") }
            #expect(many?.message == "the folder has more than 1000 files")
        }
    }

    @Test(
        "A range is what the RFC makes of it",
        arguments: [
            ("bytes=0-0", ByteRange.part(0..<1)), ("bytes=2-5", .part(2..<6)), ("bytes=5-", .part(5..<10)),
            ("bytes=-3", .part(7..<10)), ("bytes=-99", .part(0..<10)), ("Bytes=9-99", .part(9..<10)),
            ("bytes=10-", .outside), ("bytes=10-11", .outside), ("bytes=-0", .outside),
            ("bytes=5-2", .whole), ("bytes=0-1,3-4", .whole), ("bytes=", .whole), ("bytes=-", .whole),
            ("bytes=a-b", .whole), ("bytes=+1-2", .whole), ("lines=1-2", .whole), ("bytes=1-2-3", .whole),
            ("bytes=99999999999999999999-", .whole), ("bytes=0-99999999999999999999", .whole),
        ])
    func ranges(text: String, range: ByteRange) {
        #expect(ByteRange(text, of: 10) == range)
    }

    @Test("Nothing of an empty file can be asked for")
    func emptyRanges() {
        for text in ["bytes=0-", "bytes=0-0", "bytes=-1"] { #expect(ByteRange(text, of: 0) == .outside) }
    }
}
