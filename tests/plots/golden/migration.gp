# Redraws the picture: gnuplot './migration.gp'
set terminal svg size 640,689 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './migration.svg'
data = './migration.dat'
set encoding utf8
set label 1 'Migration against size: latency and rate' at screen 0.0187,0.9739 left font ',15'
set label 2 'Faultline reference (model: native), model native, kernel 6.19.0' at screen 0.0187,0.9463 left font ',11' textcolor rgb '#444444'
set label 3 'A: run 12345678, policy xe-7.0' at screen 0.0187,0.9245 left font ',11' textcolor rgb '#444444'
set label 4 'label:b: 2 runs, policy fine-grained' at screen 0.0187,0.9028 left font ',11' textcolor rgb '#444444'
set label 5 'n = 3 to 6 repetitions a point: median, and the middle half of them (all, where fewer than 4)' at screen 0.0187,0.8810 left font ',11' textcolor rgb '#444444'
set label 6 'latency: of one access or prefetch call; an access moves a range of the driver at most, a call all' at screen 0.0187,0.8592 left font ',11' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
set key at screen 0.0500,0.0610 left top Left reverse maxcols 1 samplen 2 spacing 1 font ',12'
set multiplot
set lmargin at screen 0.1250
set rmargin at screen 0.9719
set tmargin at screen 0.8331
set bmargin at screen 0.5283
set logscale x 2
set xtics ('4K' 4096, '16K' 16384, '64K' 65536, '256K' 262144, '1M' 1048576)
set xrange [3396.893:2528762]
set xlabel ''
set logscale y
set format y '%.0s%cs'
set ylabel 'latency (median)'
plot data index 0 using ($1*0.98146):($2*1e-09):($3*1e-09):($4*1e-09) with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '#0072B2' dt 1 notitle, \
     data index 1 using ($1*1.0189):($2*1e-09):($3*1e-09):($4*1e-09) with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '#D55E00' dt 2 notitle
unset label
set lmargin at screen 0.1250
set rmargin at screen 0.9719
set tmargin at screen 0.4499
set bmargin at screen 0.1451
set xlabel 'size (B)'
unset logscale y
set format y '%g'
set ylabel 'GB/s'
set yrange [0:*]
plot data index 2 using ($1*0.98146):($2*1e-09):($3*1e-09):($4*1e-09) with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '#0072B2' dt 1 title 'A: migration/to_device/fault', \
     data index 3 using ($1*1.0189):($2*1e-09):($3*1e-09):($4*1e-09) with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '#D55E00' dt 2 title 'label:b: migration/to_device/fault'
unset multiplot
unset output
