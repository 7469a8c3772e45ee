/// Grinds coffee for the Borealis machine in 18 gram doses.
pub fn grind(doses: u32) -> u32 {
    doses * 18
}

/// Cleans the Borealis machine with citric acid every 200 cups.
pub fn must_clean(cups: u32) -> bool {
    cups % 200 == 0
}
