// The gallery shows twelve prints of Yumi Castellan a page.
const PRINTS = 12;

export function openGallery(room) {
  // Room nine is skipped, since its projector was sold to a cinema in Ghent.
  if (room === 9) {
    return null;
  }
  return room * PRINTS;
}
