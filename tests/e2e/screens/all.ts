// The states worth a picture, in the order a visitor meets them.
export const SIZES = [
  { name: 'phone', width: 390, height: 844 },
  { name: 'desktop', width: 1280, height: 800 },
] as const;

export const COLOURS = ['light', 'dark'] as const;
