import Foundation
import Postgres
import Testing

@testable import HTTPKit

@Suite struct QueryTests {
    private enum Status: String, CaseIterable { case online, offline }

    private struct Key: Codable, Hashable {
        var name: String
        var id: Int
    }

    /// The field that `body` refuses.
    private func refusedField(_ query: String, _ body: (QueryParameters) throws -> Void) -> FieldError? {
        do {
            try body(QueryParameters(query))
            return nil
        } catch {
            return (error as? Problem)?.errors.first
        }
    }

    @Test func valuesAreRead() throws {
        let id = UUID()
        let query = try QueryParameters("n=7&f=1.5&id=\(id)&status=online&t=2026-11-23T19:27:00%2B01:00&q=a+b%26&e=")
        #expect(try query.value("n", as: Int.self) == 7)
        #expect(try query.value("f", as: Double.self) == 1.5)
        #expect(try query.value("id", as: UUID.self) == id)
        #expect(try query.value("status", as: Status.self) == .online)
        #expect(try query.value("t", as: Timestamp.self) == Timestamp(rfc3339: "2026-11-23T18:27:00Z"))
        #expect(query["q"] == "a b&")
        #expect(query["e"] == nil)
        #expect(try query.value("absent", as: Int.self) == nil)
    }

    @Test func filtersTakeSeveralValues() throws {
        let query = try QueryParameters("status=online,offline&tag=a&tag=b,%20c&status=")
        #expect(try query.values("status", as: Status.self) == [.online, .offline])
        #expect(query.values("tag") == ["a", "b", "c"])
        #expect(query.values("absent").isEmpty)
    }

    @Test func whatCannotBeReadNamesTheParameter() {
        #expect(
            refusedField("n=seven") { _ = try $0.value("n", as: Int.self) }
                == FieldError("n", "must be a whole number"))
        #expect(
            refusedField("id=7") { _ = try $0.value("id", as: UUID.self) } == FieldError("id", "must be a UUID"))
        #expect(
            refusedField("status=gone") { _ = try $0.value("status", as: Status.self) }
                == FieldError("status", "must be one of online, offline"))
        #expect(
            refusedField("status=online,gone") { _ = try $0.values("status", as: Status.self) }
                == FieldError("status", "must be one of online, offline"))
        #expect(
            refusedField("depth=6") { _ = try $0.value("depth", in: 1...5) }
                == FieldError("depth", "must be from 1 to 5"))
    }

    @Test(arguments: ["limit=0", "limit=1001", "limit=-1", "limit=x", "limit=9999999999999999999"])
    func aLimitIsFromOneToAThousand(query: String) {
        #expect(refusedField(query) { _ = try $0.page(of: Key.self) }?.field == "limit")
    }

    @Test(arguments: ["cursor=x", "cursor=%00", "cursor=eyJrIjoxfQ", "cursor=e30", "order=up"])
    func aForeignCursorOrOrderIsRefused(query: String) {
        #expect(refusedField(query) { _ = try $0.page(of: Key.self) } != nil)
    }

    @Test(arguments: ["a=%", "a=%f", "a=%zz", "%ff=1"])
    func aBadPercentEncodingIs400(query: String) {
        #expect(throws: Problem.self) { try QueryParameters(query) }
    }

    @Test func pagesLeadThroughTheWholeList() throws {
        let names = (0..<25).map { Key(name: "ä/\($0)", id: $0) }
        var seen: [Key] = []
        var text = "limit=10&order=asc"
        for _ in 0..<3 {
            let request = try QueryParameters(text).page(of: Key.self)
            let rest = names.drop { key in request.after.map { key.id <= $0.id } ?? false }
            let page = try request.page(Array(rest.prefix(request.fetchLimit))) { $0 }
            seen += page.items
            let cursor = try #require(page.nextCursor ?? (seen.count == 25 ? "" : nil))
            #expect(cursor.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
            text = "limit=10&cursor=\(cursor)"
        }
        #expect(seen == names)
    }

    @Test func aPageThatIsExactlyFullIsTheLastWhenNothingFollows() throws {
        let request = PageRequest<Int>(limit: 3, order: .ascending, after: nil)
        #expect(try request.page([1, 2, 3]) { $0 }.nextCursor == nil)
        #expect(try request.page([1, 2, 3, 4]) { $0 }.nextCursor != nil)
        #expect(try request.page([1, 2, 3, 4]) { $0 }.items == [1, 2, 3])
        #expect(try request.page([Int]()) { $0 }.nextCursor == nil)
    }

    @Test func aListThatWasNotLookedThroughGoesOnBehindAnyOfItsKeys() throws {
        let request = PageRequest<Int>(limit: 3, order: .ascending, after: nil)
        let next = try QueryParameters("cursor=\(request.cursor(behind: 7))").page(of: Int.self)
        #expect(next.after == 7 && next.order == .ascending)
    }

    @Test func aCursorBelongsToItsOrder() throws {
        let cursor = try Cursor.encode(5, order: .ascending)
        #expect(try QueryParameters("cursor=\(cursor)").page(of: Int.self).order == .ascending)
        #expect(try QueryParameters("cursor=\(cursor)&order=asc").page(of: Int.self).after == 5)
        #expect(refusedField("cursor=\(cursor)&order=desc") { _ = try $0.page(of: Int.self) }?.field == "cursor")
    }

    @Test func aPageWithSeveralListsHasACursorForEach() throws {
        let first = try QueryParameters("").part(behind: "a", of: Int.self, limit: 3, order: .ascending)
        let cursor = try #require(try first.nextCursor(after: 1...4) { $0 })
        #expect(try first.nextCursor(after: 1...3) { $0 } == nil)
        let query = try QueryParameters("b=x&a=\(cursor)")
        let next = try query.part(behind: "a", of: Int.self, limit: 3)
        #expect(next.after == 3 && next.order == .ascending)
        #expect(throws: Problem.notFound()) { try query.part(behind: "b", of: Int.self, limit: 3) }
    }

    @Test func theLastPagesCursorIsNull() throws {
        let json = try JSONEncoder().encode(Page(items: [1], nextCursor: nil))
        #expect(String(decoding: json, as: UTF8.self).contains(#""next_cursor":null"#))
    }

    @Test func aTimeRangeIsTheLastDayUnlessToldOtherwise() throws {
        let now = Timestamp(microseconds: 1_700_000_000_000_000)
        let day = try QueryParameters("").timeRange(now: now)
        #expect(day == TimeRange(start: Timestamp(microseconds: 1_699_913_600_000_000), end: now))
        let explicit = try QueryParameters("from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z").timeRange(now: now)
        #expect(explicit.end.since(explicit.start) == .seconds(86_400))
        #expect(
            refusedField("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z") { _ = try $0.timeRange(now: now) }
                == FieldError("from", "must not be after to"))
        #expect(refusedField("from=yesterday") { _ = try $0.timeRange(now: now) }?.field == "from")
    }
}
