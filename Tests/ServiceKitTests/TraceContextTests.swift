import ServiceKit
import Testing

@Suite struct TraceContextTests {
    private static let sample = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func aHeaderIsReadAndWritten() throws {
        let context = try #require(TraceContext(traceparent: Self.sample))
        #expect(context.traceIDText == "0af7651916cd43dd8448eb211c80319c")
        #expect(context.spanID == 0xb7ad_6b71_6920_3331)
        #expect(context.isSampled)
        #expect(context.traceparent == Self.sample)
    }

    @Test(arguments: [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", true),
        ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-brings", true),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", false),
        ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.", false),
        ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", false),
        ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false),
        ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", false),
        ("00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01", false),
        ("", false),
    ])
    func onlyWellFormedHeadersCount(header: String, isValid: Bool) {
        #expect((TraceContext(traceparent: header) != nil) == isValid)
    }

    @Test func aChildStaysInTheTrace() throws {
        let parent = try #require(TraceContext(traceparent: Self.sample))
        let child = parent.child()
        #expect(child.traceID == parent.traceID)
        #expect(child.spanID != parent.spanID)
        #expect(child.isSampled)
    }

    @Test func smallNumbersKeepTheirZeros() {
        let context = TraceContext(traceID: 1, spanID: 2, isSampled: false)
        #expect(context.traceparent == "00-00000000000000000000000000000001-0000000000000002-00")
        #expect(TraceContext(traceparent: TraceContext.root().traceparent) != nil)
    }
}
