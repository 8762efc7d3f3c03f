use super::*;

#[test]
fn a_block_gives_its_versions_and_no_more() {
    let mut numbers = Numbers::block(7);
    let given: Vec<_> = std::iter::from_fn(|| numbers.take()).collect();
    let fence = numbers.fence();
    assert_eq!(given, (fence + 1..fence + BLOCK).collect::<Vec<_>>());
    assert_eq!((numbers.peek(), numbers.take()), (None, None));
    assert_eq!(Numbers::block(8).fence(), fence + BLOCK);
}

#[test]
fn numbers_end_where_versions_do() {
    let mut last = Numbers::block((1 << 53) - 1);
    let given = std::iter::from_fn(|| last.take()).last();
    assert_eq!(given, Some(END_OF_VERSIONS - 1));
    let none = [
        Numbers::block(1 << 53),
        Numbers::block(u64::MAX),
        Numbers::after(END_OF_VERSIONS),
        Numbers::after(u64::MAX),
    ];
    for mut numbers in none {
        let fence = numbers.fence();
        assert_eq!((numbers.peek(), numbers.take()), (None, None), "{fence}");
    }
}
