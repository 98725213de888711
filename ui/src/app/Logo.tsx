export function Logo() {
  return (
    <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden>
      <path
        d="M5 24V9.2c0-1.2 1.4-1.700 2.2-.9L16 16.800l8.800-8.500c.8-.8 2.200-.3 2.2.9V24"
        fill="none"
        stroke="currentColor"
        strokeWidth="3.2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <circle cx="16" cy="24.4" r="3" fill="var(--accent)" />
    </svg>
  );
}
